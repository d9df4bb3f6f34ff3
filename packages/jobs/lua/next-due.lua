-- ARGV: 1 kind, further: states
-- Returns command, and if anything is due some time: in how many ms
forget()
local earliest
for index = 2, #ARGV do
  if redis.call('ZCARD', ofState('s', ARGV[1], ARGV[index])) > 0 then return { command, '0' } end
  local first = tonumber(redis.call('ZRANGE', ofState('w', ARGV[1], ARGV[index]), 0, 0, 'WITHSCORES')[2])
  if first and (not earliest or first < earliest) then earliest = first end
end
if earliest then return { command, whole(math.max(0, earliest - now)) } end
return { command }
