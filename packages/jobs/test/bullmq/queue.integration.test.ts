import { type ClusterRedis, type RedisServer, startCluster, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll } from 'vitest'

import { bullmqQueue, type RedisJobsOptions } from '../../src/bullmq.ts'
import type { JobQueue } from '../../src/index.ts'
import { jobQueueSuite } from '../queue/suite/job-queue-suite.ts'
import type { JobQueueDriver } from '../queue/suite/rig.ts'
import { freshPrefix } from './rig/documents-driver.ts'

let server: RedisServer
let cluster: ClusterRedis
beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedisServer(), startCluster()])
})
afterAll(() => Promise.all([server.close(), cluster.close()]))

function driver(options: () => RedisJobsOptions): JobQueueDriver {
  return {
    open() {
      const prefix = freshPrefix()
      const open = (): JobQueue => bullmqQueue({ ...options(), prefix })
      return {
        queue: open(),
        passMs: (ms) => new Promise((resolve) => void setTimeout(resolve, ms + 1)),
        second: open,
      }
    },
    time: 'real',
    leaseMs: 1_000,
    checkMs: 400,
  }
}

jobQueueSuite(
  'BullMQ',
  driver(() => ({ url: server.url })),
)
jobQueueSuite(
  'BullMQ on a Cluster',
  driver(() => ({ url: `redis+cluster://${cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',')}` })),
)
