-- Removes the meta of a stream that nobody knows of: another start was faster.
-- KEYS: 1 meta
-- Returns how many keys were removed
return redis.call('DEL', KEYS[1])
