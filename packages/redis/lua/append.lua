-- Compare-and-append, fenced by epoch: the rules of the record machine, and the entry published in the same step.
-- One command serves any number of streams; each is answered by itself, and an error of one is not the others'.
-- KEYS: for each stream 1 meta, 2 log
-- ARGV: for each stream 1 what is to be appended where, 2 payload. The first is "epoch after last tokens kept": the epoch,
--       the seq after which it goes, the seq of its last event, the tokens in it, the oldest event that its producer keeps. Where
--       the record keeps something beside the entry, a JSON object follows: fold (what is kept of the entry once it is trimmed),
--       usage, end, timing (each JSON, as text; or not there), logMs and metaMs (how long the keys live from now on; or not
--       there: what is renewed with the lease need not be renewed with every entry.)
-- Returns for each stream { 'ok' } | { 'duplicate', seq } | { 'gap', seq } | { 'fenced' } | { 'closed' } | { 'missing' }
--       | { 'foreign', message } where something else than a stream of sluice is under its keys | { 'error', message }
local function append(metaKey, logKey, where, payload)
  local epoch, after, last, tokens, kept, more = string.match(where, '^(%d+) (%d+) (%d+) (%d+) (%d+) ?(.*)$')
  local meta = redis.call('HMGET', metaKey, 'epoch', 'seq', 'end', 'first', 'erased', 'tokens')
  if not meta[1] or meta[5] then return { 'missing' } end
  if meta[1] ~= epoch then return { 'fenced' } end
  local seq = meta[2]
  if tonumber(last) <= tonumber(seq) then return { 'duplicate', seq } end
  if meta[3] then return { 'closed' } end
  if after ~= seq then return { 'gap', seq } end
  -- Before anything is written: what is no number fails here.
  local id, first, all = last .. '-0', meta[4] + 0, meta[6] + tokens
  local beside = more ~= '' and cjson.decode(more) or {}
  local entry = { 'c', payload }
  if beside.fold then entry = { 'c', payload, 's', beside.fold } end
  if seq == '0' then
    redis.call('XADD', logKey, id, unpack(entry))
  elseif not redis.call('XADD', logKey, 'NOMKSTREAM', id, unpack(entry)) then
    -- Somebody has deleted the log, or it has expired: it is not brought back with a hole in it.
    return { 'missing' }
  end
  redis.call('HSET', metaKey, 'seq', last, 'tokens', all)
  for _, field in ipairs({ 'usage', 'end', 'timing' }) do
    if beside[field] then redis.call('HSET', metaKey, field, beside[field]) end
  end
  if beside.logMs then
    redis.call('PEXPIRE', logKey, beside.logMs)
    redis.call('PEXPIRE', metaKey, beside.metaMs)
  end
  publish(logKey, payload)
  if tonumber(kept) > first then
    -- What is gone there is gone everywhere. The entry with the event before it stays: it has the epoch of a cursor to there.
    trimHead(metaKey, logKey, tonumber(kept) - 1)
    redis.call('HSET', metaKey, 'first', kept)
    publish(logKey, 'first:' .. kept)
  end
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
