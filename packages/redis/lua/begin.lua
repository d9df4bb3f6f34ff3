-- Writes a new stream's meta.
-- KEYS: 1 meta
-- ARGV: 1 facts (JSON), 2 keeping (JSON), 3 producer's instance, 4 lease in ms, 5 time to live in ms
-- Returns 'ok', or 'exists'
if redis.call('EXISTS', KEYS[1]) == 1 then return 'exists' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'facts', ARGV[1], 'keeping', ARGV[2], 'instance', ARGV[3],
  'lease', now + ARGV[4], 'epoch', 1, 'seq', 0, 'first', 1, 'tokens', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 'ok'
