import { type ClusterRedis, type RedisServer, startCluster, startRedisServer } from '@sluice/testing/redis'
import { until } from '@sluice/testing/patience'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { redisDocuments } from '../../src/bullmq.ts'
import { startReceiver, status } from './rig/receiver.ts'
import { ADA, createWebhooksRig } from './rig/webhooks-rig.ts'

let server: RedisServer
let cluster: ClusterRedis
beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedisServer(), startCluster()])
})
afterAll(() => Promise.all([server.close(), cluster.close()]))

const URLS: readonly [string, () => string][] = [
  ['Redis', () => server.url],
  ['a Cluster', () => `redis+cluster://${cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`],
]

test.each(URLS)(
  'processes that share %s share what a webhook may have on its way, and what one wrote another sends',
  async (_, url) => {
    const seen = new Set<string>()
    // The first attempt of every third delivery fails.
    await using receiver = await startReceiver((response, got, request) => {
      const id = String(got.headers['webhook-id'])
      const fails = !seen.has(id) && seen.size % 3 === 0
      seen.add(id)
      setTimeout(() => status(fails ? 500 : 204)(response, got, request), 5)
    })
    const open = () =>
      createWebhooksRig({
        documents: redisDocuments({ url: url(), prefix: 'webhooks' }),
        ports: [receiver.port],
        fast: { perEndpoint: 3, breakAfter: 1_000, scheduleMs: [0, 5, 5, 5, 5, 5, 5, 5] },
      })
    await using writer = open()
    await using first = open()
    await using second = open()
    const { id: webhook } = await writer.hook(receiver.url)
    const workers = [first.webhooks.work(), second.webhooks.work()]
    const ids: string[] = []
    for (let said = 0; said < 30; said++) ids.push(...(await writer.say()))
    for (const id of ids) await writer.become(id, 'delivered')
    await Promise.all(workers.map((worker) => worker.stop()))
    expect(receiver.mostOpen).toBeLessThanOrEqual(3)
    expect(seen.size).toBe(30)
    expect(receiver.got).toHaveLength(30 + 10)
    expect(await writer.webhooks.endpoints.get(webhook, { as: ADA })).toMatchObject({ state: 'enabled' })
    await until(async () => (await writer.documents.count('delivery', { state: 'sending' })) === 0)
    expect([...writer.errors, ...first.errors, ...second.errors]).toEqual([])
  },
)
