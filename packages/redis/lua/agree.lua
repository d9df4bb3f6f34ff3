-- Agrees on a value: that of whoever came first.
-- KEYS: 1 the value's place
-- ARGV: 1 a proposal, 2 how long it holds in ms, or 0 for ever
-- Returns the value that holds
if ARGV[2] == '0' then
  redis.call('SET', KEYS[1], ARGV[1], 'NX')
else
  redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
end
return redis.call('GET', KEYS[1])
