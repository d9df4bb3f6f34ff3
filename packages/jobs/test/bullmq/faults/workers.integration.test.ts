import { until } from '@sluice/testing/patience'
import { type ClusterRedis, type RedisServer, startCluster, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { freshPrefix } from '../rig/documents-driver.ts'
import { Fleet } from '../rig/fleet.ts'

let server: RedisServer
let cluster: ClusterRedis
beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedisServer(), startCluster()])
})
afterAll(() => Promise.all([server.close(), cluster.close()]))

const TIMEOUT_MS = 120_000
const SETTINGS = { concurrency: 4, perOwner: 8, leaseMs: 1_500, checkMs: 500, jobMs: 100 }
const clusterUrl = (): string => `redis+cluster://${cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`

test.each(['a server', 'a cluster'])(
  'a worker is killed: its jobs are begun by others within 12 s, none is lost, and none is done by two at once (%s)',
  async (where) => {
    const url = where === 'a server' ? server.url : clusterUrl()
    await using fleet = new Fleet({
      ...SETTINGS,
      ...{ url, prefix: freshPrefix(), leaseMs: 8_000, checkMs: 4_000, jobMs: 1_500 },
    })
    await fleet.start(3)
    await fleet.submit(24)
    const [killed] = fleet.workers
    await until(() => killed!.running.size === 4, 'it has its jobs')
    const killedAtMs = performance.now()
    await killed!.kill()
    fleet.ignore(killed!)
    const had = [...killed!.running]
    expect(had.length).toBeGreaterThan(0)
    await fleet.allDone(40_000)
    const foundMs = had.map(
      (id) => fleet.begun.findLast((begun) => begun.id === id && begun.worker !== killed)!.atMs - killedAtMs,
    )
    console.log(`${where}: jobs of a killed worker begun by others after ${foundMs.map(Math.round).join(', ')} ms`)
    expect(Math.max(...foundMs)).toBeLessThan(12_000)
    expect(fleet.atOnce).toEqual([])
    expect(await fleet.timesDone()).toEqual(new Set([1]))
    // Those that were not killed end by themselves.
    await Promise.all(fleet.workers.slice(1).map((worker) => worker.stop()))
  },
  TIMEOUT_MS,
)

test(
  'a worker stands still for longer than its lease: others do its jobs, and it knows that it has lost them',
  async () => {
    await using fleet = new Fleet({ ...SETTINGS, url: server.url, prefix: freshPrefix(), jobMs: 4_000 })
    await fleet.start(1)
    await fleet.submit(3)
    const [stopped] = fleet.workers
    await until(() => stopped!.running.size === 3, 'it has its jobs')
    stopped!.pause()
    fleet.ignore(stopped!)
    await fleet.start(1)
    await until(() => fleet.workers[1]!.running.size === 3, 'another one has them')
    stopped!.resume()
    await fleet.allDone(20_000)
    await until(() => stopped!.events.filter(({ is }) => is === 'lost').length === 3, 'it knows')
    expect(stopped!.events.filter(({ is }) => is === 'done')).toEqual([])
    expect(await fleet.timesDone()).toEqual(new Set([1]))
  },
  TIMEOUT_MS,
)

test(
  'all that BullMQ knows is lost in the middle: every job is done once',
  async () => {
    const prefix = freshPrefix()
    await using fleet = new Fleet({ ...SETTINGS, url: server.url, prefix })
    await fleet.submit(60)
    await fleet.start(2)
    await until(() => fleet.begun.length > 8, 'some have begun')
    const keys = (await server.command('KEYS', `{${prefix}}:bull:*`)) as string[]
    expect(keys.length).toBeGreaterThan(10)
    await server.command('DEL', ...keys)
    await fleet.submit(10)
    await fleet.allDone(60_000)
    expect(fleet.atOnce).toEqual([])
    expect(await fleet.timesDone()).toEqual(new Set([1]))
  },
  TIMEOUT_MS,
)

test(
  'connections are killed and Redis stands still while jobs are done: every job is done, none by two at once',
  async () => {
    await using own = await startRedisServer()
    await using fleet = new Fleet({ ...SETTINGS, url: own.url, prefix: freshPrefix(), leaseMs: 4_000, checkMs: 1_000 })
    await fleet.start(2)
    let isOver = false
    const submitting = fleet.submit(150).finally(() => (isOver = true))
    while (!isOver) {
      await own.killConnections()
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    await submitting
    await own.pause()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    own.resume()
    await fleet.allDone(60_000)
    expect(fleet.atOnce).toEqual([])
    expect(await fleet.timesDone()).toEqual(new Set([1]))
  },
  TIMEOUT_MS,
)
