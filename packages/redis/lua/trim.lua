#!lua flags=allow-oom
-- Removes the older half of a log: Redis has no memory left.
-- KEYS: 1 meta, 2 log
-- ARGV: 1 epoch
-- Returns how many entries were removed
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'bytes', 'first')
if meta[1] ~= ARGV[1] then return 0 end
local count = math.floor(redis.call('XLEN', KEYS[2]) / 2)
if count == 0 then return 0 end
local bytes = tonumber(meta[2])
local first = meta[3]
local last
local head = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', count)) do
  addToHead(head, first, entry)
  bytes = bytes - bytesOf(entry)
  last = tonumber(string.match(entry[1], '^%d+'))
  first = string.format('%d', last + 1)
end
redis.call('XTRIM', KEYS[2], 'MINID', '=', first .. '-0')
keepHead(KEYS[1], head)
redis.call('HSET', KEYS[1], 'bytes', bytes, 'first', first)
return count
