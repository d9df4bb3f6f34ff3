-- Grants credit to the readers of a name, wherever they are.
-- KEYS: 1 meta, 2 grants
-- ARGV: 1 name, 2 seq, 3 names that may be kept, 4 channel, 5 prefix of instances' channels, 6 time to live in ms, 7 notice (JSON)
-- Returns how many processes have received the notice, or -1 when the stream is missing
local meta = redis.call('HMGET', KEYS[1], 'instance', 'erased')
if not meta[1] or meta[2] then return -1 end
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 or redis.call('HLEN', KEYS[2]) < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
end
return publish(ARGV[4], ARGV[7]) + notify(KEYS[1], ARGV[5] .. meta[1], ARGV[7])
