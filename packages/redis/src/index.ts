export { redisStore, type RedisStore } from './redis-store.ts'
export {
  DEFAULT_REDIS_STORE_OPTIONS,
  type RedisStoreOptions,
  type RedisTlsOptions,
} from './connection/redis-store-options.ts'
export { parseRedisUrl, REDIS_URL_RULE, type RedisNode, type RedisTarget } from './connection/redis-url.ts'
