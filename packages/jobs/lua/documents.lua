-- What every script on documents begins with. KEYS[1] is the list of what is forgotten when; every other key begins as it does,
-- and has its hash tag; KEYS[2] does not exist. ARGV[1] identifies the command: a repetition has the same.
--   d:<kind>:<id>               hash: h = version, lease, held, priority, created, due, forget, state, scope; j = the value
--   l:<kind>:<state>:<scope>    documents of a scope by age; with no state: all of them
--   a:<kind>:<state>            documents of a state by age
--   w:<kind>:<state>            documents that are due later, by that time
--   r:<kind>:<state>:<scope>    documents that are due, by priority and time
--   s:<kind>:<state>            scopes that have such, by the first of them
--   f                           what is forgotten, by time: <kind>:<id>:<state>:<scope>
--   x:<command>                 what a command has done, for as long as it may be repeated
local command = table.remove(ARGV, 1)
local base = string.sub(KEYS[1], 1, -2)
local done = base .. 'x:' .. command
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local NEVER = '-'
-- Above every time that is, and still with room for the priorities in the whole numbers of a double.
local PER_PRIORITY = 4398046511104
local FORGOTTEN_AT_ONCE = 64

local function whole(number) return string.format('%.0f', number) end

local function keyOf(kind, id) return base .. 'd:' .. kind .. ':' .. id end
local function ofState(list, kind, state) return base .. list .. ':' .. kind .. ':' .. state end
local function ofScope(list, kind, state, scope) return ofState(list, kind, state) .. ':' .. scope end

-- The document as it is kept, forgotten or not.
local function kept(kind, id)
  local head = redis.call('HGET', keyOf(kind, id), 'h')
  if not head then return nil end
  local version, lease, held, priority, created, due, forget, state, scope =
    string.match(head, '^(%d+) (%d+) ([01]) (%-?%d+) (%d+) (%S+) (%S+) (%S+) (.*)$')
  if not version then return error({ err = 'ERR what is under a key is no document' }) end
  return {
    kind = kind, id = id, version = tonumber(version), lease = tonumber(lease), held = held == '1',
    priority = tonumber(priority), created = tonumber(created), due = tonumber(due), forget = tonumber(forget),
    state = state, scope = scope, head = head,
  }
end

local function isForgotten(document) return document.forget ~= nil and document.forget <= now end

-- The document, if it is there for others.
local function find(kind, id)
  local document = kept(kind, id)
  if document and not isForgotten(document) then return document end
  return nil
end

-- The scope stands where its first document does.
local function replace(kind, state, scope)
  local scopes = ofState('s', kind, state)
  local first = redis.call('ZRANGE', ofScope('r', kind, state, scope), 0, 0, 'WITHSCORES')
  if first[2] then redis.call('ZADD', scopes, first[2], scope) else redis.call('ZREM', scopes, scope) end
end

local function leaveDue(kind, id, state, scope)
  if redis.call('ZREM', ofState('w', kind, state), id) == 1 then return end
  if redis.call('ZREM', ofScope('r', kind, state, scope), id) == 1 then replace(kind, state, scope) end
end

local function enterDue(document)
  local kind, state, due = document.kind, document.state, document.due
  if not due then return end
  if due > now then
    redis.call('ZADD', ofState('w', kind, state), whole(due), document.id)
  else
    local score = (1000 - document.priority) * PER_PRIORITY + due
    redis.call('ZADD', ofScope('r', kind, state, document.scope), whole(score), document.id)
    replace(kind, state, document.scope)
  end
end

-- Redis has let go of a document before its time, as one does that evicts: it counts no more.
local function lost(kind, id, state, scope)
  redis.call('ZREM', ofState('a', kind, state), id)
  if not scope then return end
  redis.call('ZREM', ofScope('l', kind, '', scope), id)
  redis.call('ZREM', ofScope('l', kind, state, scope), id)
end

-- Those whose time has come stand where they are claimed.
local function promote(kind, state)
  local later = ofState('w', kind, state)
  local come = redis.call('ZRANGEBYSCORE', later, '-inf', whole(now), 'LIMIT', 0, 1000)
  for _, id in ipairs(come) do
    redis.call('ZREM', later, id)
    local document = find(kind, id)
    if not document then lost(kind, id, state)
    elseif document.state == state then enterDue(document) end
  end
end

local function forgetting(kind, id, state, scope) return kind .. ':' .. id .. ':' .. state .. ':' .. scope end

local function leave(document)
  local kind, id, state, scope = document.kind, document.id, document.state, document.scope
  redis.call('ZREM', ofScope('l', kind, '', scope), id)
  redis.call('ZREM', ofScope('l', kind, state, scope), id)
  redis.call('ZREM', ofState('a', kind, state), id)
  if document.due then leaveDue(kind, id, state, scope) end
  if document.forget then redis.call('ZREM', KEYS[1], forgetting(kind, id, state, scope)) end
end

local function enter(document)
  local kind, id, state, scope = document.kind, document.id, document.state, document.scope
  local created = whole(document.created)
  redis.call('ZADD', ofScope('l', kind, '', scope), created, id)
  redis.call('ZADD', ofScope('l', kind, state, scope), created, id)
  -- One of that name that Redis has let go of left its places.
  if redis.call('ZADD', ofState('a', kind, state), created, id) == 0 then leaveDue(kind, id, state, scope) end
  enterDue(document)
  if document.forget then redis.call('ZADD', KEYS[1], whole(document.forget), forgetting(kind, id, state, scope)) end
end

local function headOf(document)
  return table.concat({
    whole(document.version), whole(document.lease), document.held and '1' or '0', whole(document.priority),
    whole(document.created), document.due and whole(document.due) or NEVER,
    document.forget and whole(document.forget) or NEVER, document.state, document.scope,
  }, ' ')
end

-- Puts it into a reply: id, head, value.
local function give(reply, document)
  table.insert(reply, document.id)
  table.insert(reply, document.head)
  table.insert(reply, redis.call('HGET', keyOf(document.kind, document.id), 'j'))
end

-- Told to those who watch the kind.
local function changed(kind, id) redis.call('PUBLISH', base .. 'changed:' .. kind, id) end

-- Removes the places of what is forgotten: the documents themselves Redis removes.
local function forget()
  local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(now), 'LIMIT', 0, FORGOTTEN_AT_ONCE)
  for _, member in ipairs(members) do
    local kind, id, state, scope = string.match(member, '^([^:]*):([^:]*):([^:]*):(.*)$')
    local document = kept(kind, id)
    if document and isForgotten(document) then
      redis.call('DEL', keyOf(kind, id))
      document = nil
    end
    -- Another one of that name may have been written since: its places are its own.
    local isScope = document and document.scope == scope
    local isState = document and document.state == state
    if not isScope then redis.call('ZREM', ofScope('l', kind, '', scope), id) end
    if not (isScope and isState) then redis.call('ZREM', ofScope('l', kind, state, scope), id) end
    if not isState then redis.call('ZREM', ofState('a', kind, state), id) end
    if not isState then leaveDue(kind, id, state, scope) end
    redis.call('ZREM', KEYS[1], member)
  end
end
