-- Puts a message into the inbox of a stream's source; one that is sent again is recognised by its sender's count.
-- KEYS: 1 meta, 2 inbox
-- ARGV: 1 message (JSON), 2 messages that may wait, 3 bytes that may wait, 4 prefix of instances' channels, 5 time to live in ms,
--       6 the stream's name (JSON), 7 sender, 8 the sender's count
-- Returns 'ok' | 'full' | 'ended' | 'missing'
local sender = 'sent:' .. ARGV[7]
local meta = redis.call('HMGET', KEYS[1], 'instance', 'end', 'erased', 'inbox', sender)
if not meta[1] or meta[3] then return 'missing' end
if meta[5] and tonumber(meta[5]) >= tonumber(ARGV[8]) then return 'ok' end
if meta[2] then return 'ended' end
local bytes = tonumber(meta[4] or '0') + #ARGV[1]
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[2]) or bytes > tonumber(ARGV[3]) then return 'full' end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
redis.call('HSET', KEYS[1], 'inbox', bytes, sender, ARGV[8])
notify(KEYS[1], ARGV[4] .. meta[1], '{"about":"inbox",' .. string.sub(ARGV[6], 2))
return 'ok'
