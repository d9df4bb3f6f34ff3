import { type ClusterRedis, type RedisServer, startCluster, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll } from 'vitest'

import { documentStoreSuite } from '../documents/suite/document-store-suite.ts'
import { redisDriver } from './rig/documents-driver.ts'

let server: RedisServer
let cluster: ClusterRedis
beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedisServer(), startCluster()])
})
afterAll(() => Promise.all([server.close(), cluster.close()]))

documentStoreSuite(
  'Redis',
  redisDriver(() => ({ url: server.url }), 50),
)
documentStoreSuite(
  'a Redis Cluster',
  redisDriver(
    () => ({ url: `redis+cluster://${cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',')}` }),
    20,
  ),
)
