-- ARGV: 1 kind, 2 id
-- Returns command, and if it is there: id, head, value
local document = find(ARGV[1], ARGV[2])
local reply = { command }
if document then give(reply, document) end
return reply
