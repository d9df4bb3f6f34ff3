#!lua flags=allow-oom
-- Removes the older half of a log: Redis has no memory left.
-- KEYS: 1 meta, 2 log
-- ARGV: 1 epoch
-- Returns the oldest event that is kept, 0 where nothing was removed
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'first')
if meta[1] ~= ARGV[1] then return 0 end
local count = math.floor(redis.call('XLEN', KEYS[2]) / 2)
if count == 0 then return 0 end
local entries = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', count)
local first = math.max(tonumber(string.match(entries[#entries][1], '^%d+')) + 1, tonumber(meta[2]))
trimHead(KEYS[1], KEYS[2], first)
redis.call('HSET', KEYS[1], 'first', first)
publish(KEYS[2], 'first:' .. string.format('%d', first))
return first
