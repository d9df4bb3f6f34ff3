import type { JobQueue } from '@sluice/jobs'

import type { Log } from '../log/log.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { readRedisTls } from '../options/redis-files.ts'

/** Where jobs wait: beside the streams, on Redis or in the directory, else in memory. What a gateway does not use, it does not load. */
export async function openQueue(options: GatewayOptions, log: Log): Promise<JobQueue> {
  const { redis, data, memoryBytes, redisCommandMs: commandMs } = options
  const onWarning = (message: string): void => log.warn(message)
  if (redis !== undefined) {
    const { bullmqQueue } = await import('@sluice/jobs/bullmq')
    return bullmqQueue({ url: redis, tls: await readRedisTls(options), commandMs, onWarning })
  }
  if (data !== undefined) {
    const { sqliteQueue } = await import('@sluice/jobs/sqlite')
    return sqliteQueue({ directory: data, onWarning })
  }
  const { memoryQueue } = await import('@sluice/jobs/memory')
  return memoryQueue({ maxBytes: memoryBytes })
}
