import { readFileSync } from 'node:fs'

import { nativeSse } from '@sluice/sse'
import { createCollectingSink } from '@sluice/testing'
import { type ClusterRedis, type RedisServer, startCluster } from '@sluice/testing/redis'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Tap } from '../faults/rig/counting-source.ts'
import { Instance } from '../faults/rig/instance.ts'
import { Reading } from '../faults/rig/reading.ts'
import { eventually } from '../faults/rig/watched.ts'

let cluster: ClusterRedis
let url: string
beforeAll(async () => {
  cluster = await startCluster()
  // One node is enough: it knows the others.
  url = cluster.nodes[0]!.url.replace('redis://', 'redis+cluster://')
})
afterAll(() => cluster.close())

/** As an application may have set it up for itself. */
function ownClient(): Cluster {
  const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }))
  return new Cluster(nodes, { lazyConnect: true, scaleReads: 'all', redisOptions: { stringNumbers: true } })
}

/** How often the nodes have published, in their shards and over the bus of the cluster. */
async function published(): Promise<{ sharded: number[]; plain: number[]; onBus: number }> {
  const each = await Promise.all(
    cluster.nodes.map(async (node) => {
      const calls = await node.commandsProcessed()
      const info = String(await node.command('CLUSTER', 'INFO'))
      const bus = Number(/cluster_stats_messages_publish_sent:(\d+)/.exec(info)?.[1] ?? 0)
      return { sharded: calls.get('spublish') ?? 0, plain: calls.get('publish') ?? 0, bus }
    }),
  )
  return {
    sharded: each.map(({ sharded }) => sharded),
    plain: each.map(({ plain }) => plain),
    onBus: each.reduce((sum, { bus }) => sum + bus, 0),
  }
}

function ownerOf(id: string): Promise<RedisServer> {
  return cluster.ownerOf(cluster.slotOf(`sluice:{0::${id}}`))
}

/** Streams until each node has one. */
async function startOnEachNode(instance: Instance): Promise<Map<RedisServer, { id: string; tap: Tap }>> {
  const found = new Map<RedisServer, { id: string; tap: Tap }>()
  while (found.size < cluster.nodes.length) {
    const tap = new Tap()
    const { id } = await instance.start(tap.source)
    const owner = await ownerOf(id)
    if (found.has(owner)) await instance.sluice.cancel({ id }, { as: 'server' })
    else found.set(owner, { id, tap })
  }
  return found
}

describe('a cluster behind a URL', () => {
  test.for([
    { by: 'a URL', optionsOf: () => ({ url }) },
    { by: 'a client of one’s own', optionsOf: () => ({ client: ownClient() }) },
  ])(
    'its channels are sharded, by $by: what is published reaches the node of its stream, and no other',
    async ({ optionsOf }) => {
      // Nobody looks: what arrives has been published, and heard.
      const options = { ...optionsOf(), lookEveryMs: 60_000 }
      await using here = new Instance(options)
      await using there = new Instance(options)
      await Promise.all([here.store.ready(), there.store.ready()])
      expect([here.warnings, there.warnings]).toEqual([[], []])
      const before = await published()
      const streams = await startOnEachNode(here)
      for (const [owner, { id, tap }] of streams) {
        const reading = await there.read({ id })
        const index = cluster.nodes.indexOf(owner)
        await eventually('the reader listens', async () => {
          const [, listening] = (await owner.command('PUBSUB', 'SHARDNUMSUB', `sluice:{0::${id}}:log`)) as [
            string,
            number,
          ]
          return listening > 0
        })
        const already = await published()
        for (let step = 1; step <= 20; step++) {
          tap.pour(1)
          await reading.reached(step)
        }
        const now = await published()
        const others = now.sharded.filter((_, at) => at !== index)
        // Each process says a word to itself now and then, wherever its own channel is.
        expect(now.sharded[index]! - already.sharded[index]!).toBeGreaterThanOrEqual(20)
        for (const [at, count] of others.entries()) {
          expect(count - already.sharded.filter((_, node) => node !== index)[at]!).toBeLessThan(10)
        }
        // The producer is woken over a channel of the stream.
        await there.sluice.cancel({ id }, { as: 'server' })
        await here.abortOf(id, 2_000)
      }
      const after = await published()
      expect(after.plain).toEqual(before.plain)
      expect(after.onBus).toBe(0)
      expect([here.warnings, there.warnings]).toEqual([[], []])
    },
  )

  test('what a producer is told of arrives while its source is silent: messages, credit, readers', async () => {
    const options = { url, lookEveryMs: 60_000 }
    await using here = new Instance(options)
    await using there = new Instance(options)
    const inbox: unknown[] = []
    const started = await here.start(async function* ({ inbox: messages }) {
      yield* ['one ', 'two ']
      for await (const message of messages) {
        inbox.push(message)
        return
      }
    })
    const { id } = started
    const sink = createCollectingSink()
    started.deliver(sink, { wire: nativeSse, name: 'r', credit: 1 })
    await eventually('what the credit is for', () => sink.text().includes('one '))
    await there.sluice.ack({ cursor: `${id}.1.0` }, { as: 'server', reader: 'r', credit: 2 })
    await eventually('what further credit is for', () => sink.text().includes('two '))
    const found = await here.store.find({ tenant: '', id })
    if (found.is !== 'stream') throw new Error(`the stream was to be found, and the store says: ${found.is}`)
    const { log } = found.stream
    expect(log.remoteReaders).toBe(0)
    const stream = await there.sluice.attach({ id }, { as: 'server' })
    new Reading(stream, 0)
    await eventually('the producer knows of a reader', () => log.remoteReaders > 0)
    stream.detach()
    await eventually('the producer knows that it left', () => log.remoteReaders === 0)
    await there.sluice.send({ id }, { go: 'on' }, { as: 'server' })
    expect(await started.ended).toMatchObject({ complete: true })
    expect(inbox).toEqual([{ go: 'on' }])
  })

  test('subscriptions of streams that are over are given up', async () => {
    await using here = new Instance({ url })
    await here.store.ready()
    const taps = await startOnEachNode(here)
    const channels = async (): Promise<number> => {
      const each = await Promise.all(cluster.nodes.map((node) => node.command('PUBSUB', 'SHARDCHANNELS', '*:notices')))
      return each.flat().length
    }
    await eventually('notices are listened for', async () => (await channels()) >= taps.size)
    for (const { tap } of taps.values()) tap.finish()
    await eventually('they are not any more', async () => (await channels()) === 0)
  })

  test('a slot that moves takes its channels with it', async () => {
    const options = { url, lookEveryMs: 60_000 }
    await using here = new Instance(options)
    await using there = new Instance(options)
    const tap = new Tap()
    const { id } = await here.start(tap.source)
    const reading = await there.read({ id })
    tap.pour(5)
    await reading.reached(5)
    const slot = cluster.slotOf(`sluice:{0::${id}}`)
    const from = await cluster.ownerOf(slot)
    await cluster.moveSlot(
      slot,
      cluster.nodes.find((node) => node !== from)!,
    )
    tap.pour(5)
    await reading.reached(10)
    await there.sluice.cancel({ id }, { as: 'server' })
    await here.abortOf(id)
  })

  test('a user without sharded channels goes without, is told, and is woken', async () => {
    for (const node of cluster.nodes) {
      const rules = ['+@all', '-spublish', '-ssubscribe', '~sluice:*', '&sluice:*']
      await node.command('ACL', 'SETUSER', 'plain', 'on', '>pw', ...rules)
    }
    const options = { url: url.replace('://', '://plain:pw@'), lookEveryMs: 60_000 }
    await using here = new Instance(options)
    await using there = new Instance(options)
    await Promise.all([here.store.ready(), there.store.ready()])
    expect(here.warnings).toEqual([expect.stringMatching(/sharded channels cannot be used.*\+spublish/)])
    expect(here.store.health?.()).toBe('ok')
    const tap = new Tap()
    const { id } = await here.start(tap.source)
    const reading = await there.read({ id })
    for (let step = 1; step <= 5; step++) {
      tap.pour(1)
      await reading.reached(step)
    }
    await there.sluice.cancel({ id }, { as: 'server' })
    await here.abortOf(id, 2_000)
  })

  test('the user of the documented ACL line works, and no node denies it anything', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const rules = /^ACL SETUSER sluice on >\S+ (.*)$/m.exec(readme)![1]!.split(' ')
    for (const node of cluster.nodes) {
      await node.command('ACL', 'LOG', 'RESET')
      await node.command('ACL', 'SETUSER', 'least', 'on', '>pw', ...rules)
    }
    await using here = new Instance({ url: url.replace('://', '://least:pw@') })
    await here.store.ready()
    for (const { tap } of (await startOnEachNode(here)).values()) tap.finish()
    expect(here.warnings).toEqual([])
    const denied = await Promise.all(cluster.nodes.map((node) => node.command('ACL', 'LOG')))
    // Clients say who they are, which a server is free to refuse.
    expect(denied.flat().filter((entry) => !String(entry).includes('client|'))).toEqual([])
  })

  test.for(['redis', 'client'])(
    'given as one node by %s it is refused, whichever way out there is named',
    async (by) => {
      const { Redis } = await import('ioredis')
      const plain = cluster.nodes[1]!.url
      const given = by === 'redis' ? { url: plain } : { client: new Redis(plain, { lazyConnect: true }) }
      await using instance = new Instance(given)
      await expect(instance.store.ready()).rejects.toMatchObject({
        code: 'SLUICE_ERR_OPTION',
        message: expect.stringMatching(/several servers: write redis\+cluster:\/\//) as string,
      })
      await expect(instance.start(new Tap().source)).rejects.toMatchObject({ code: 'SLUICE_ERR_OPTION' })
    },
  )
})
