#!lua flags=allow-oom
-- Erases a stream's events and leaves a tombstone: whose it was, its end and its last position.
-- KEYS: 1 meta, 2 log, 3 readers, 4 inbox, 5 grants
-- ARGV: 1 whose it was (JSON), 2 channel, 3 prefix of instances' channels, 4 time to live in ms, 5 the stream's name (JSON)
-- Returns 'ok', or 'missing'
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'end', 'instance', 'erased')
if not meta[1] or meta[5] then return 'missing' end
redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], 'erased', 1, 'facts', ARGV[1], 'epoch', meta[1], 'seq', meta[2], 'instance', meta[4])
if meta[3] then redis.call('HSET', KEYS[1], 'end', meta[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
publish(ARGV[2], 'erased')
notify(KEYS[1], ARGV[3] .. meta[4], '{"about":"erased",' .. string.sub(ARGV[5], 2))
return 'ok'
