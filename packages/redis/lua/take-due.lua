-- Takes streams that are due for a check, and puts their next check off, so that other processes take other streams.
-- KEYS: 1 watched
-- ARGV: 1 how many at most, 2 ms until their next check
-- Returns members
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(members) do redis.call('ZADD', KEYS[1], 'XX', now + ARGV[2], member) end
return members
