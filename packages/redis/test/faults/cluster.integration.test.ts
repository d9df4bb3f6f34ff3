import { type ClusterRedis, type RedisServer, startCluster } from '@sluice/testing/redis'
import { Cluster } from 'ioredis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'

function clientOf(cluster: ClusterRedis): Cluster {
  return new Cluster(
    cluster.nodes.map(({ host, port }) => ({ host, port })),
    { lazyConnect: true },
  )
}

function slotOf(cluster: ClusterRedis, id: string): number {
  return cluster.slotOf(`sluice:{0::${id}}`)
}

describe.concurrent('three nodes of a cluster', () => {
  test('F10: a slot moves while its stream runs: no gap, and a short stall at most (contract 1)', async () => {
    await using cluster = await startCluster()
    await using a = new Instance({ client: clientOf(cluster) })
    await using b = new Instance({ client: clientOf(cluster) })
    const started = await a.count({ tokens: 1_000, everyMs: 5 }, { key: 'moved' })
    const { id } = started
    const readings = [new Reading(started, 0), await b.read({ id })]
    await Promise.all(readings.map((reading) => reading.reached(100)))
    const slot = slotOf(cluster, id)
    const from = await cluster.ownerOf(slot)
    const to = cluster.nodes.find((node) => node !== from)!
    // While the keys are there and the slot is not: the old owner answers ASK.
    await cluster.moveSlot(slot, to, async () => {
      const asked = readings.map(({ tokens }) => tokens)
      await Promise.all(readings.map((reading, index) => reading.reached(asked[index]! + 50, 5_000)))
      readings.push(await b.read({ id }))
      await readings[2]!.reached(100, 5_000)
    })
    expect(await cluster.ownerOf(slot)).toBe(to)
    const ends = await Promise.all(readings.map((reading) => reading.ended()))
    expect(ends[0]).toMatchObject({ reason: 'stop', complete: true })
    expect(ends).toEqual([ends[0], ends[0], ends[0]])
    for (const { text } of readings) expect(text).toBe(textBetween(0, 1_000))
    expect((await a.settlementOf(id)).text).toBe(textBetween(0, 1_000))
  })

  test('many streams on all nodes: started, read elsewhere, found by key, sent to, cancelled', async () => {
    await using cluster = await startCluster()
    await using a = new Instance({ client: clientOf(cluster) })
    await using b = new Instance({ client: clientOf(cluster) })
    const streams = await Promise.all(
      Array.from({ length: 30 }, (_, index) => a.count({ tokens: 100, everyMs: 5 }, { key: `key ${index}` })),
    )
    const readings = await Promise.all(streams.map((_, index) => b.read({ key: `key ${index}` })))
    await Promise.all(readings.map((reading) => reading.ended()))
    for (const { text } of readings) expect(text).toBe(textBetween(0, 100))
    const waiting = await Promise.all(Array.from({ length: 10 }, () => a.start(new Tap().source)))
    await Promise.all(waiting.map(({ id }) => b.sluice.cancel({ id }, { as: 'server' })))
    await Promise.all(waiting.map(({ id }) => a.abortOf(id, 5_000)))
  })

  test('F11: the owner of a stream is killed and there is no replica: that stream ends, others go on (contract 2, 4)', async () => {
    // On a busy machine a node that lives may be silent for seconds: others must not think it dead, nor commands be given up.
    await using cluster = await startCluster({
      nodeTimeoutMs: 5_000,
      server: { args: ['--cluster-require-full-coverage', 'no'] },
    })
    const options = { commandMs: 3_000, outageMs: 6_000 }
    await using a = new Instance({ client: clientOf(cluster), ...options })
    await using b = new Instance({ client: clientOf(cluster), ...options })
    const taps: Tap[] = []
    const readings: Reading[] = []
    const owners: RedisServer[] = []
    for (let index = 0; index < 12; index++) {
      const tap = new Tap()
      const started = await a.start(tap.source)
      taps.push(tap)
      tap.pour(10)
      readings.push(new Reading(started, 0), await b.read({ id: started.id }))
      owners.push(await cluster.ownerOf(slotOf(cluster, started.id)))
    }
    await Promise.all(readings.map((reading) => reading.reached(10)))
    // Whichever node that is: a node may have none of them.
    const dead = owners[0]!
    await dead.kill()
    for (const tap of taps) tap.pour(10)
    await Promise.all(
      owners.map(async (owner, index) => {
        const [local, remote] = [readings[2 * index]!, readings[2 * index + 1]!]
        if (owner !== dead) {
          await Promise.all([local.reached(20), remote.reached(20)])
          return
        }
        expect(await local.cut(20_000)).toBe('storage')
        await a.abortOf(local.id)
        expect(remote.end).toBeUndefined()
        expect([local.tokens, remote.tokens]).toEqual([10, 10])
      }),
    )
  })
})
