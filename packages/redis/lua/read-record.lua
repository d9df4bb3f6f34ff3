-- Reads a stream's record, and its entries past a position.
-- KEYS: 1 meta, 2 log, 3 grants (left out while a cluster moves them)
-- ARGV: 1 seq after which entries are wanted, '' for none, 2 '1' for grants too, 3 '1' where the reader knows what never changes:
--       facts may be long, and are looked at again and again
-- Returns { meta as HGETALL gives it (without facts and keeping where they are known, without the head unless it comes with the entries), entries as XRANGE gives them, grants as HGETALL gives them, server time in ms, 1 while there is a log }
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local meta = {}
if ARGV[3] == '1' or ARGV[1] == '' then
  local names = { 'epoch', 'seq', 'end', 'instance', 'erased', 'first', 'usage', 'tokens', 'timing', 'settled', 'watermark', 'lease' }
  if ARGV[3] ~= '1' then
    names[#names + 1] = 'facts'
    names[#names + 1] = 'keeping'
  end
  for index, value in ipairs(redis.call('HMGET', KEYS[1], unpack(names))) do
    if value then
      meta[#meta + 1] = names[index]
      meta[#meta + 1] = value
    end
  end
else
  meta = redis.call('HGETALL', KEYS[1])
end
local entries = {}
if #meta > 0 and ARGV[1] ~= '' then entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[1] .. '-0', '+') end
local grants = {}
if ARGV[2] == '1' and KEYS[3] then grants = redis.call('HGETALL', KEYS[3]) end
return { meta, entries, grants, now, redis.call('EXISTS', KEYS[2]) }
