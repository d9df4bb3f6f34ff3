-- Records up to where enough replicas have everything; readers elsewhere are shown no more than that.
-- KEYS: 1 meta
-- ARGV: 1 epoch, 2 seq, 3 channel
-- Returns 'ok' | 'fenced'
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'watermark')
if meta[1] ~= ARGV[1] then return 'fenced' end
if tonumber(meta[2] or '0') < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], 'watermark', ARGV[2]) end
publish(ARGV[3], 'stored:' .. ARGV[2])
return 'ok'
