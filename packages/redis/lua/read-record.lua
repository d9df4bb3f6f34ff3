-- Reads a stream's record, and its entries past a position.
-- KEYS: 1 meta, 2 log, 3 grants (left out while a cluster moves them)
-- ARGV: 1 seq after which entries are wanted, '' for none, 2 '1' for grants too
-- Returns { meta as HGETALL gives it, entries as XRANGE gives them, grants as HGETALL gives them, server time in ms, 1 while there is a log }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local meta = redis.call('HGETALL', KEYS[1])
local entries = {}
if #meta > 0 and ARGV[1] ~= '' then entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[1] .. '-0', '+') end
local grants = {}
if ARGV[2] == '1' and KEYS[3] then grants = redis.call('HGETALL', KEYS[3]) end
return { meta, entries, grants, now, redis.call('EXISTS', KEYS[2]) }
