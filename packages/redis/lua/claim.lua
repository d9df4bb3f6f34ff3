-- Points a name at a stream, if it points where it is believed to.
-- KEYS: 1 pointer
-- ARGV: 1 what it is believed to hold, '' for nothing, 2 what it is to hold, '' to remove it, 3 time to live in ms
-- Returns 'ok', or what it holds ('' for nothing)
local held = redis.call('GET', KEYS[1]) or ''
if held ~= ARGV[1] then return held end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 'ok'
