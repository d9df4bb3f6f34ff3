-- Documents of a scope, newest first.
-- ARGV: 1 kind, 2 scope, 3 state ('' for all), 4 the last id of the page before (''), 5 how many
-- Returns command, 'more' | 'all', then for each document: id, head, value
local kind, scope, state, after, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
forget()
local list = ofScope('l', kind, state, scope)
local last = after ~= '' and find(kind, after)
if last and last.scope ~= scope then last = nil end
local newest = last and whole(last.created) or '+inf'
local reply, offset, count, missing = { command, 'all' }, 0, 0, {}
repeat
  local found = redis.call('ZREVRANGEBYSCORE', list, newest, '-inf', 'WITHSCORES', 'LIMIT', offset, 100)
  for index = 1, #found, 2 do
    local isBefore = last and tonumber(found[index + 1]) == last.created and found[index] >= after
    local document = not isBefore and find(kind, found[index])
    if document and document.scope == scope and (state == '' or document.state == state) then
      if count == limit then
        reply[2] = 'more'
        return reply
      end
      count = count + 1
      give(reply, document)
    elseif document == nil then
      table.insert(missing, found[index])
    end
  end
  offset = offset + 100
until #found < 200
-- Redis has let go of them before their time.
for _, id in ipairs(missing) do redis.call('ZREM', list, id) end
return reply
