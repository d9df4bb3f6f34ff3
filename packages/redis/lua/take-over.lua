-- Gives a stream whose lease has lapsed to another producer, under a new epoch.
-- KEYS: 1 meta, 2 log
-- ARGV: 1 instance, 2 lease in ms, 3 prefix of instances' channels, 4 the stream's name (JSON), 5 by how much the epoch grows
-- Returns { 'ok', epoch, seq } | { 'held' } | { 'closed' } | { 'missing' }
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'end', 'lease', 'instance', 'erased')
if not meta[1] or meta[6] then return { 'missing' } end
if meta[3] then return { 'closed' } end
if tonumber(meta[2]) > 0 and redis.call('EXISTS', KEYS[2]) == 0 then return { 'missing' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(meta[4]) >= now then return { 'held' } end
local epoch = tonumber(meta[1]) + ARGV[5]
redis.call('HSET', KEYS[1], 'epoch', epoch, 'instance', ARGV[1], 'lease', now + ARGV[2])
notify(KEYS[1], ARGV[3] .. meta[5], '{"about":"end",' .. string.sub(ARGV[4], 2))
return { 'ok', epoch, meta[2] }
