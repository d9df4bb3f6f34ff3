-- Writes documents, all or none.
-- ARGV: 1 ms in which the command may be repeated, 2 how many documents, 3 how many bounds,
--       for each document: kind, id, version before, 'set' | 'remove', value, state, scope, priority, due in ms ('' for never), forget in ms ('' for never),
--       for each bound: kind, state, 'scope' | 'all', scope, how many at most
-- Returns command, 'ok' | 'conflict' | 'full', which bound
if redis.call('EXISTS', done) == 1 then return { command, 'ok' } end
forget()
local writes, place = {}, 4
for index = 1, tonumber(ARGV[2]) do
  local kind, id = ARGV[place], ARGV[place + 1]
  local before = kept(kind, id)
  if before and isForgotten(before) then
    leave(before)
    redis.call('DEL', keyOf(kind, id))
    before = nil
  end
  if (before and before.version or 0) ~= tonumber(ARGV[place + 2]) then return { command, 'conflict' } end
  local write = { kind = kind, id = id, before = before }
  if ARGV[place + 3] == 'set' then
    local due, gone = tonumber(ARGV[place + 8]), tonumber(ARGV[place + 9])
    write.after = {
      kind = kind, id = id, version = before and before.version + 1 or 1, lease = before and before.lease or 0,
      -- A lease goes on where it is written with another time; it ends with its state, and where nothing is due.
      held = before ~= nil and before.held and before.state == ARGV[place + 5] and due ~= nil,
      priority = tonumber(ARGV[place + 7]), created = before and before.created or now,
      due = due and now + due, forget = gone and now + gone, state = ARGV[place + 5], scope = ARGV[place + 6],
    }
    write.value = ARGV[place + 4]
  end
  writes[index] = write
  place = place + 10
end
for index = 1, tonumber(ARGV[3]) do
  local kind, state, which, scope, most = unpack(ARGV, place, place + 4)
  local function counts(document)
    return document and document.kind == kind and document.state == state and (which == 'all' or document.scope == scope)
  end
  local count = redis.call('ZCARD', which == 'all' and ofState('a', kind, state) or ofScope('l', kind, state, scope))
  for _, write in ipairs(writes) do
    if counts(write.before) then count = count - 1 end
    if counts(write.after) then count = count + 1 end
  end
  if count > tonumber(most) then return { command, 'full', whole(index - 1) } end
  place = place + 5
end
redis.call('SET', done, '', 'PX', ARGV[1])
for _, write in ipairs(writes) do
  local key = keyOf(write.kind, write.id)
  if write.before then leave(write.before) end
  if write.after then
    redis.call('HSET', key, 'h', headOf(write.after), 'j', write.value)
    if write.after.forget then redis.call('PEXPIREAT', key, whole(write.after.forget))
    elseif write.before and write.before.forget then redis.call('PERSIST', key) end
    enter(write.after)
  else
    redis.call('DEL', key)
  end
  changed(write.kind, write.id)
end
return { command, 'ok' }
