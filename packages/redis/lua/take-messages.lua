-- Returns what waits in an inbox to the producer whose epoch stands, without what it has taken already.
-- KEYS: 1 meta, 2 inbox
-- ARGV: 1 epoch, 2 messages the producer has taken since the stream began
-- Returns messages (JSON), oldest first
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'taken', 'inbox')
if meta[1] ~= ARGV[1] then return {} end
local taken = tonumber(meta[2] or '0')
local bytes = tonumber(meta[3] or '0')
while taken < tonumber(ARGV[2]) do
  local message = redis.call('LPOP', KEYS[2])
  if not message then break end
  bytes = bytes - #message
  taken = taken + 1
end
redis.call('HSET', KEYS[1], 'taken', ARGV[2], 'inbox', bytes)
return redis.call('LRANGE', KEYS[2], 0, -1)
