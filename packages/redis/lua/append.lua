-- Compare-and-append, fenced by epoch: the rules of the record machine, and the entry published in the same step.
-- One command serves any number of streams; each is answered by itself, and an error of one is not the others'.
-- KEYS: for each stream 1 meta, 2 log
-- ARGV: for each stream 1 what is to be appended where, 2 payload. The first is "epoch after last tokens": the epoch, the seq
--       after which it goes, the seq of its last event, the tokens in it. Where the record keeps something beside the entry, a
--       JSON object follows: usage, end, timing (each JSON, as text; or not there), logMs and metaMs (how long the keys live
--       from now on. What is renewed with the lease need not be renewed with every entry.)
-- Returns for each stream { 'ok' } | { 'duplicate', seq } | { 'gap', seq } | { 'fenced' } | { 'closed' } | { 'missing' }
--       | { 'foreign', message } where something else than a stream of sluice is under its keys | { 'error', message }
local function append(metaKey, logKey, where, payload)
  local epoch, after, last, tokens, more = string.match(where, '^(%d+) (%d+) (%d+) (%d+) ?(.*)$')
  local meta = redis.call('HMGET', metaKey, 'epoch', 'seq', 'end', 'bytes', 'retention', 'first', 'erased', 'tokens')
  if not meta[1] or meta[7] then return { 'missing' } end
  if meta[1] ~= epoch then return { 'fenced' } end
  local seq = meta[2]
  if tonumber(last) <= tonumber(seq) then return { 'duplicate', seq } end
  if meta[3] then return { 'closed' } end
  if after ~= seq then return { 'gap', seq } end
  -- Before anything is written: what is no number fails here.
  local id, bytes, retention, first, all = last .. '-0', meta[4] + #payload, meta[5] + 0, meta[6], meta[8] + tokens
  if seq == '0' then
    redis.call('XADD', logKey, id, 'c', payload)
  elseif not redis.call('XADD', logKey, 'NOMKSTREAM', id, 'c', payload) then
    -- Somebody has deleted the log, or it has expired: it is not brought back with a hole in it.
    return { 'missing' }
  end
  while bytes > retention do
    -- One at a time: each comes with its payload, and mostly one is enough.
    local oldest = redis.call('XRANGE', logKey, '-', '(' .. id, 'COUNT', 1)[1]
    if not oldest then break end
    redis.call('XDEL', logKey, oldest[1])
    bytes = bytes - #oldest[2][2]
    first = string.format('%d', tonumber(string.match(oldest[1], '^%d+')) + 1)
  end
  redis.call('HSET', metaKey, 'seq', last, 'bytes', bytes, 'first', first, 'tokens', all)
  if more ~= '' then
    local beside = cjson.decode(more)
    for _, field in ipairs({ 'usage', 'end', 'timing' }) do
      if beside[field] then redis.call('HSET', metaKey, field, beside[field]) end
    end
    redis.call('PEXPIRE', logKey, beside.logMs)
    redis.call('PEXPIRE', metaKey, beside.metaMs)
  end
  redis.call('PUBLISH', logKey, payload)
  return { 'ok' }
end

local replies = {}
for at = 1, #KEYS, 2 do
  local done, reply = pcall(append, KEYS[at], KEYS[at + 1], ARGV[at], ARGV[at + 1])
  if not done then
    -- A key of another type, or a log in which somebody else has gone ahead; or an error of this script itself, for a field that is
    -- not what it should be.
    local message = type(reply) == 'table' and reply.err or tostring(reply)
    local isForeign = string.find(message, '^WRONGTYPE') or string.find(message, '^user_script') or string.find(message, 'ID specified in XADD')
    reply = { isForeign and 'foreign' or 'error', message }
  end
  replies[#replies + 1] = reply
end
return replies
