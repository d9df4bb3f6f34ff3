-- Puts a stream on the list of those that are watched, or puts its next check off.
-- KEYS: 1 watched
-- ARGV: 1 member, 2 ms until it is checked, 3 time to live in ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 'ok'
