-- A lease goes on. Repeated it does the same again, unless somebody else has the document by then.
-- ARGV: 1 kind, 2 id, 3 lease, 4 ms
-- Returns command, 'yes' | 'no'
local document = find(ARGV[1], ARGV[2])
if not document or not document.held or document.lease ~= tonumber(ARGV[3]) then return { command, 'no' } end
if document.due then leaveDue(document.kind, document.id, document.state, document.scope) end
document.due = now + tonumber(ARGV[4])
redis.call('HSET', keyOf(document.kind, document.id), 'h', headOf(document))
enterDue(document)
return { command, 'yes' }
