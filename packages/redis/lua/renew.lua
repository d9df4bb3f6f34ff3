-- Renews the lease of a stream whose epoch still stands, lapsed or not, and returns to its producer what it may have missed.
-- KEYS: 1 meta, 2 log, 3 readers, 4 inbox, 5 grants (the last three left out while a cluster moves them)
-- ARGV: 1 epoch, 2 lease in ms, 3 time to live in ms
-- Returns { 'ok', readers (instance, entry, …), messages waiting, grants (name, seq, …), server time in ms } | { 'ok' } without those keys | { 'fenced' } | { 'closed' } | { 'missing' }
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'end', 'erased', 'seq')
if not meta[1] or meta[3] then return { 'missing' } end
if meta[1] ~= ARGV[1] then return { 'fenced' } end
if meta[2] then return { 'closed' } end
if tonumber(meta[4]) > 0 and redis.call('EXISTS', KEYS[2]) == 0 then return { 'missing' } end
-- Fails where something else is in the place of the log.
redis.call('XLEN', KEYS[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'lease', now + ARGV[2])
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[3]) end
if not KEYS[3] then return { 'ok' } end
return { 'ok', redis.call('HGETALL', KEYS[3]), redis.call('LLEN', KEYS[4]), redis.call('HGETALL', KEYS[5]), now }
