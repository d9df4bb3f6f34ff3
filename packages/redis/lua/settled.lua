-- Records that a stream is settled; never brings back what has expired.
-- KEYS: 1 meta
-- Returns 'ok', or 'missing'
if redis.call('EXISTS', KEYS[1]) == 0 then return 'missing' end
redis.call('HSET', KEYS[1], 'settled', 1)
return 'ok'
