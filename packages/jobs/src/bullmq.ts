export { bullmqQueue } from './bullmq/bullmq-queue.ts'
export { redisDocuments } from './bullmq/redis-documents.ts'
export type { RedisJobsOptions } from './bullmq/redis-jobs-options.ts'
export { redisClient } from './bullmq/redis-client.ts'
