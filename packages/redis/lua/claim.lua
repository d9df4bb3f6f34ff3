-- Sets a pointer to a stream, if the pointer still contains what was read from it.
-- KEYS: 1 pointer
-- ARGV: 1 what was read from it, '' for nothing, 2 what it is to contain, '' to remove it, 3 time to live in ms
-- Returns 'ok', or what it contains ('' for nothing)
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then return found end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 'ok'
