#!lua flags=allow-oom
-- Ends a stream from outside its producer, in one step: the end takes the next seq and a new epoch, so that the producer
-- is fenced. Usage is what was stored last, or counted here and marked.
-- KEYS: 1 meta, 2 log, 3 readers (left out while a cluster moves them)
-- ARGV: 1 end (JSON object without usage), 2 usage to take if none is stored (JSON or ''), 3 channel, 4 prefix of instances' channels,
--       5 time to live of the log in ms, 6 mode: 'always' | 'unlessAttended' | 'ifLapsed', 7 in mode 'ifLapsed': ms that the lease must have been over,
--       8 the stream's name for its producer (JSON), 9 time to live of the meta in ms: it is the tombstone,
--       10 epoch that must stand ('' for any): a producer never ends what another has taken over
-- Returns { 'ok' | 'closed', end, epoch, seq } | { 'missing' } | { 'fenced' } | { 'attended', instance, entry, … } | { 'held', ms left }
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'end', 'usage', 'tokens', 'instance', 'erased', 'lease',
  'watermark')
if not meta[1] or meta[7] then return { 'missing' } end
if meta[3] then return { 'closed', meta[3], meta[1], meta[2] } end
if ARGV[10] ~= '' and meta[1] ~= ARGV[10] then return { 'fenced' } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[6] == 'unlessAttended' then
  if not KEYS[3] then return redis.error_reply('TRYAGAIN the readers are not known now') end
  local attended = { 'attended' }
  local entries = redis.call('HGETALL', KEYS[3])
  for index = 1, #entries, 2 do
    if tonumber(string.match(entries[index + 1], '^%d+')) > now then
      attended[#attended + 1] = entries[index]
      attended[#attended + 1] = entries[index + 1]
    end
  end
  if #attended > 1 then return attended end
elseif ARGV[6] == 'ifLapsed' then
  local left = tonumber(meta[8]) + tonumber(ARGV[7]) - now
  if left >= 0 then return { 'held', left } end
end
local epoch = tonumber(meta[1]) + 1
local seq = tonumber(meta[2]) + 1
local usage = meta[4]
if not usage then usage = ARGV[2] end
if usage == '' then usage = '{"outputTokens":' .. meta[5] .. ',"estimated":true}' end
local ending = string.sub(ARGV[1], 1, -2) .. ',"usage":' .. usage .. '}'
local payload = '[' .. string.format('%d', epoch) .. ',' .. string.format('%d', seq) .. ',' .. ending .. ']'
if seq == 1 then
  redis.call('XADD', KEYS[2], seq .. '-0', 'c', payload)
else
  redis.call('XADD', KEYS[2], 'NOMKSTREAM', seq .. '-0', 'c', payload)
end
redis.call('HSET', KEYS[1], 'epoch', epoch, 'seq', seq, 'end', ending)
if meta[9] then redis.call('HSET', KEYS[1], 'watermark', seq) end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[5]) end
redis.call('PEXPIRE', KEYS[1], ARGV[9])
publish(ARGV[3], payload)
notify(KEYS[1], ARGV[4] .. meta[6], '{"about":"end",' .. string.sub(ARGV[8], 2))
return { 'ok', ending, epoch, seq }
