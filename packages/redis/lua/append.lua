-- Compare-and-append, fenced by epoch: the rules of the record machine, and the entry told to its readers in the same step.
-- KEYS: 1 meta, 2 log
-- ARGV: 1 epoch, 2 seq after which it goes, 3 seq of its last event, 4 payload, 5 tokens in it; only where there is something
--       to be said beside it: 6 usage (JSON or ''), 7 end (JSON or ''), 8 timing (JSON or ''), 9 time to live of the log in ms,
--       10 of the meta. (What is renewed with the lease need not be renewed with every entry.)
-- Returns { 'ok' } | { 'duplicate' } | { 'gap', seq } | { 'fenced' } | { 'closed' } | { 'missing' }
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'end', 'bytes', 'retention', 'first', 'erased', 'tokens')
if not meta[1] or meta[7] then return { 'missing' } end
if meta[1] ~= ARGV[1] then return { 'fenced' } end
local seq = tonumber(meta[2])
local last = tonumber(ARGV[3])
if last <= seq then return { 'duplicate' } end
if meta[3] then return { 'closed' } end
if tonumber(ARGV[2]) ~= seq then return { 'gap', meta[2] } end
local id = ARGV[3] .. '-0'
if seq == 0 then
  redis.call('XADD', KEYS[2], id, 'c', ARGV[4])
elseif not redis.call('XADD', KEYS[2], 'NOMKSTREAM', id, 'c', ARGV[4]) then
  -- Somebody has deleted the log, or it has expired: it is not brought back with a hole in it.
  return { 'missing' }
end
local bytes = tonumber(meta[4]) + #ARGV[4]
local retention = tonumber(meta[5])
local first = meta[6]
while bytes > retention do
  -- One at a time: each comes with its payload, and mostly one is enough.
  local oldest = redis.call('XRANGE', KEYS[2], '-', '(' .. id, 'COUNT', 1)[1]
  if not oldest then break end
  redis.call('XDEL', KEYS[2], oldest[1])
  bytes = bytes - #oldest[2][2]
  first = string.format('%d', tonumber(string.match(oldest[1], '^%d+')) + 1)
end
redis.call('HSET', KEYS[1], 'seq', ARGV[3], 'bytes', bytes, 'first', first, 'tokens', meta[8] + ARGV[5])
if ARGV[9] then
  if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'usage', ARGV[6]) end
  if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'end', ARGV[7]) end
  if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], 'timing', ARGV[8]) end
  redis.call('PEXPIRE', KEYS[2], ARGV[9])
  redis.call('PEXPIRE', KEYS[1], ARGV[10])
end
redis.call('PUBLISH', KEYS[2], ARGV[4])
return { 'ok' }
