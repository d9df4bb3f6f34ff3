-- Begins the scripts that trim a log. What a trimmed entry says beside plain text is kept in the meta, in fields that begin with
-- `head:`, so that who goes on after it knows what is open: tool calls, choices, usage. Each entry brings that with it
-- (src/protocol/head-codec.ts), and here it is added up, in `head`: an empty table at first.
local function addToHead(head, entry)
  local payload, fold = entry[2][2], entry[2][4]
  local epoch, at = string.match(payload, '^%[(%d+),(%d+)')
  local said = { set = { c0 = '["text"]' } }
  if fold then
    local read, value = pcall(cjson.decode, fold)
    said = read and type(value) == 'table' and value
    if said and said[1] then said = { set = { c0 = fold } } end
  elseif string.find(payload, ',{"', 1, true) then
    -- No text contains this as it is: an event, of a process that did not say what is to be kept of it.
    said = nil
  end
  head.set = head.set or {}
  head.first = head.first or {}
  head.epoch = epoch
  local first = head.next
  head.next = string.format('%d', tonumber(string.match(entry[1], '^%d+')) + 1)
  -- Where somebody else has cut the log, what was before is not known.
  if not said or at ~= first then
    head.unknown = true
    return
  end
  for field, value in pairs(said.set) do
    head.set[field] = value
    local begins = string.match(field, '^c%d+$') and 'b' .. string.sub(field, 2)
    if begins then head.first[begins] = head.first[begins] or (said.first and said.first[begins]) or first end
  end
  head.other = (head.other or 0) + (said.other or 0)
end

-- Writes down what was added up. There may be no memory left: no command is used here that other scripts do not use, for Redis
-- keeps statistics of each, and the first call of one costs it 25 KB.
local function keepHead(meta, head, version)
  if head.unknown or (version and version ~= '1') then
    redis.call('HSET', meta, 'head:v', 'unknown')
    return
  end
  local names = { 'head:other' }
  for field in pairs(head.first) do names[#names + 1] = 'head:' .. field end
  local known = redis.call('HMGET', meta, unpack(names))
  for index = 2, #names do
    if not known[index] then redis.call('HSET', meta, names[index], head.first[string.sub(names[index], 6)]) end
  end
  for field, value in pairs(head.set) do redis.call('HSET', meta, 'head:' .. field, value) end
  redis.call('HSET', meta, 'head:v', '1', 'head:epoch', head.epoch, 'head:next', head.next, 'head:other', (known[1] or 0) + head.other)
end

-- Removes the entries that end before `minId`, and keeps what they said.
local function trimHead(meta, log, minId)
  local before = string.format('%d-0', minId)
  local entries = redis.call('XRANGE', log, '-', '(' .. before)
  if #entries == 0 then return end
  local known = redis.call('HMGET', meta, 'head:v', 'head:next')
  local head = { next = known[2] or '1' }
  for _, entry in ipairs(entries) do addToHead(head, entry) end
  redis.call('XTRIM', log, 'MINID', '=', before)
  keepHead(meta, head, known[1])
end
