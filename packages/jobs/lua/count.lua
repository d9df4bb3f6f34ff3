-- ARGV: 1 kind, 2 state, 3 'scope' | 'all', 4 scope
-- Returns command, how many
forget()
local list = ARGV[3] == 'all' and ofState('a', ARGV[1], ARGV[2]) or ofScope('l', ARGV[1], ARGV[2], ARGV[4])
return { command, whole(redis.call('ZCARD', list)) }
