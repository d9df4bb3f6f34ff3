-- Records that an instance has readers of a stream, and how far the furthest of them is; or that it has none any more.
-- KEYS: 1 meta, 2 readers
-- ARGV: 1 instance, 2 seq of its furthest reader, '' when it has none, 3 how long this holds, in ms, 4 prefix of instances' channels,
--       5 the stream's name for its producer (JSON)
-- Returns 'ok', or 'missing'
local meta = redis.call('HMGET', KEYS[1], 'instance', 'erased')
if not meta[1] or meta[2] then return 'missing' end
local entry = ''
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  entry = string.format('%d', now + ARGV[3]) .. ':' .. ARGV[2]
  redis.call('HSET', KEYS[2], ARGV[1], entry)
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3] * 4) end
end
notify(KEYS[1], ARGV[4] .. meta[1],
  '{"about":"readers","instance":"' .. ARGV[1] .. '","seq":"' .. ARGV[2] .. '",' .. string.sub(ARGV[5], 2))
return 'ok'
