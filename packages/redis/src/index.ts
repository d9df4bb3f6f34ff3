export { redisStore, type RedisStore } from './redis-store.ts'
export {
  DEFAULT_REDIS_STORE_OPTIONS,
  type RedisStoreOptions,
  type RedisTlsOptions,
} from './connection/redis-store-options.ts'
