-- Reads which stream a name points at.
-- KEYS: 1 pointer
-- Returns the stream's id, '' for none
return redis.call('GET', KEYS[1]) or ''
