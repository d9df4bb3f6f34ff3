-- Gives documents to one caller.
-- ARGV: 1 ms in which the command may be repeated, 2 kind, 3 state afterwards, 4 lease in ms, 5 how many,
--       6 how many of a scope may have the state ('' for any number), 7 id of the only one ('' for any),
--       8 ms since the first write ('' for those that are due), further: states before
-- Returns command, then for each document: id, head, value
local window, kind, to, lease, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local perScope, only, older = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local reply = { command }
local before = redis.call('GET', done)
if before then
  -- What it took then, as far as it has it still.
  for id, number in string.gmatch(before, '(%S+):(%d+)') do
    local document = find(kind, id)
    if document and document.held and document.lease == tonumber(number) then give(reply, document) end
  end
  return reply
end
forget()

local counts = {}
local function hasRoom(scope)
  if not perScope then return true end
  counts[scope] = counts[scope] or redis.call('ZCARD', ofScope('l', kind, to, scope))
  return counts[scope] < perScope
end

local taken = {}
local function take(document)
  leave(document)
  if document.state ~= to and perScope then counts[document.scope] = counts[document.scope] + 1 end
  document.state, document.lease, document.held, document.due = to, document.lease + 1, true, now + lease
  document.head = headOf(document)
  redis.call('HSET', keyOf(kind, document.id), 'h', document.head)
  enter(document)
  table.insert(taken, document.id .. ':' .. whole(document.lease))
  give(reply, document)
end

local function isDue(document) return document.due ~= nil and document.due <= now end
local function isTime(document)
  if not older then return isDue(document) end
  return document.created <= now - older and (isDue(document) or not document.held)
end

if only ~= '' then
  local document = find(kind, only)
  local isOne = false
  for index = 9, #ARGV do isOne = isOne or (document and document.state == ARGV[index]) end
  if isOne and isTime(document) and (document.state == to or hasRoom(document.scope)) then take(document) end
elseif older then
  for index = 9, #ARGV do
    local state, passed = ARGV[index], 0
    while #taken < limit do
      local ids = redis.call('ZRANGEBYSCORE', ofState('a', kind, state), '-inf', whole(now - older), 'LIMIT', passed, 100)
      local took = 0
      for _, id in ipairs(ids) do
        local document = find(kind, id)
        if document and document.state == state and isTime(document) and (state == to or hasRoom(document.scope)) then
          take(document)
          if state ~= to then took = took + 1 end
          if #taken == limit then break end
        end
      end
      if #ids < 100 then break end
      passed = passed + 100 - took
    end
  end
else
  -- Of each state the scopes that may have no more are passed over: there are as many of them as are at their bound.
  local passed = {}
  for index = 9, #ARGV do
    passed[ARGV[index]] = 0
    promote(kind, ARGV[index])
  end
  while #taken < limit do
    local state, scope, score
    for from in pairs(passed) do
      local scopes = ofState('s', kind, from)
      local head
      repeat
        head = redis.call('ZRANGE', scopes, passed[from], passed[from], 'WITHSCORES')
        local isBlocked = head[1] and from ~= to and not hasRoom(head[1])
        if isBlocked then passed[from] = passed[from] + 1 end
      until not isBlocked
      local own = tonumber(head[2])
      if own and (not score or own < score or (own == score and from < state)) then state, scope, score = from, head[1], own end
    end
    if not state then break end
    local id = redis.call('ZRANGE', ofScope('r', kind, state, scope), 0, 0)[1]
    local document = id and find(kind, id)
    if document and document.state == state and document.scope == scope and isDue(document) then
      take(document)
    else
      -- Redis has let go of it, or its clock was put back.
      if id then redis.call('ZREM', ofScope('r', kind, state, scope), id) end
      if id and not document then lost(kind, id, state, scope) end
      replace(kind, state, scope)
      if document and document.state == state and document.scope == scope then enterDue(document) end
    end
  end
end
if #taken > 0 then redis.call('SET', done, table.concat(taken, ' '), 'PX', window) end
return reply
