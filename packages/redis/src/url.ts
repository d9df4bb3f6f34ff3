// Apart from the store: whoever only looks whether a URL is one loads nothing that speaks with Redis.
export { parseRedisUrl, REDIS_URL_RULE, type RedisNode, type RedisTarget } from './connection/redis-url.ts'
