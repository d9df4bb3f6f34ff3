-- Removes a stream from the list of those that are watched.
-- KEYS: 1 watched
-- ARGV: 1 member
-- Returns how many members were removed
return redis.call('ZREM', KEYS[1], ARGV[1])
