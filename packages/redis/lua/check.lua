-- Does once what the other scripts do, so that a right that is missing, or a server that takes no writes, is found at the start.
-- Without a cluster its keys have different hash tags, as those of one `append.lua` have: servers that share keys refuse that.
-- KEYS: 1 and 2 keys of nobody else
-- ARGV: 1 how long they may stay in ms, should the script not come to its end
-- Returns 'ok'
local key, other = KEYS[1], KEYS[2]
local function done()
  redis.call('DEL', key, other)
end
redis.call('TIME')
done()
redis.call('HSET', key, 'count', 1)
redis.call('PEXPIRE', key, ARGV[1])
redis.call('PTTL', key)
redis.call('HINCRBY', key, 'count', 1)
redis.call('HMGET', key, 'count')
redis.call('HGETALL', key)
redis.call('HEXISTS', key, 'count')
redis.call('HLEN', key)
redis.call('HDEL', key, 'count')
done()
redis.call('XADD', key, '1-0', 'c', '')
redis.call('XRANGE', key, '-', '+')
redis.call('XLEN', key)
redis.call('XTRIM', key, 'MAXLEN', 1)
redis.call('XDEL', key, '1-0')
done()
redis.call('RPUSH', key, '')
redis.call('LLEN', key)
redis.call('LRANGE', key, 0, -1)
redis.call('LPOP', key)
done()
redis.call('ZADD', key, 1, '')
redis.call('ZRANGEBYSCORE', key, 0, 0)
redis.call('ZREM', key, '')
done()
redis.call('SET', other, '', 'PX', ARGV[1])
redis.call('GET', other)
redis.call('EXISTS', other)
done()
return 'ok'
