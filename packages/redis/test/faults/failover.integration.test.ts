import { startReplicated, startSentinel } from '@sluice/testing/redis'
import { startChaosProxy } from '@sluice/testing/chaos-proxy'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { countTokens, textBetween } from './rig/text.ts'

describe.concurrent('a failover', () => {
  test.for([
    { what: 'the producer still has the tail: it is stored again, nobody sees anything (contract 1)', healed: true },
    {
      what: 'the producer is dead: the epoch rises, who is ahead is told, nobody skips (contract 2, 3)',
      healed: false,
    },
  ])('F8: a failover loses acknowledged events; $what', async ({ healed }) => {
    await using redis = await startReplicated({ replicas: 1 })
    // The address stays, the server behind it changes.
    await using old = await startChaosProxy({ target: { port: redis.primary.port } })
    const url = `redis://127.0.0.1:${old.port}`
    await using b = new Instance({ url })
    const a = new Instance({ url })
    const tap = new Tap()
    const started = await a.start(tap.source)
    const id = started.id
    tap.pour(50)
    const [local, remote] = [new Reading(started, 0), await b.read({ id })]
    await Promise.all([local.reached(50), remote.reached(50)])
    const promoted = await redis.loseWrites(async () => {
      tap.pour(50)
      await Promise.all([local.reached(100), remote.reached(100)])
      // Dead: it says nothing any more.
      if (!healed) await a.store.dispose()
    })
    await old.close()
    await using _successor = await startChaosProxy({ target: { port: promoted.port }, listen: { port: old.port } })
    if (healed) {
      tap.pour(50)
      tap.finish()
      const ends = await Promise.all([local.ended(), remote.ended()])
      expect(ends[0]).toMatchObject({ reason: 'stop', complete: true })
      expect(ends[1]).toEqual(ends[0])
      expect([local.text, remote.text]).toEqual([textBetween(0, 150), textBetween(0, 150)])
      const entries = (await promoted.command('XRANGE', `sluice:{0::${id}}:log`, '-', '+')) as [string, string[]][]
      const stored = entries.flatMap(([, [, payload]]) => (JSON.parse(payload!) as unknown[]).slice(2))
      expect(countTokens(stored.filter((event) => typeof event === 'string').join(''))).toBeGreaterThanOrEqual(100)
      expect((await b.sluice.transcript({ id }, { as: 'server' })).text).toBe(textBetween(0, 150))
      await a[Symbol.asyncDispose]()
    } else {
      expect(await remote.cut(15_000)).toBe('storage')
      expect(remote.tokens).toBe(100)
      const late = await b.read({ id })
      expect(await late.ended()).toMatchObject({ reason: 'interrupted', cause: 'lease' })
      expect(late.text).toBe(textBetween(0, 50))
      await expect(b.read({ id }, { after: remote.cursor })).rejects.toMatchObject({ status: 409 })
    }
  })

  test('F8: a failover loses more than the producer keeps: its stream ends, who is ahead is told (contract 2, 3)', async () => {
    await using redis = await startReplicated({ replicas: 1 })
    await using old = await startChaosProxy({ target: { port: redis.primary.port } })
    const url = `redis://127.0.0.1:${old.port}`
    await using a = new Instance({ url })
    await using b = new Instance({ url })
    const tap = new Tap()
    const options = { windowBytes: 512, retentionBytes: 4_096, maxEventBytes: 256 }
    const started = await a.start(tap.source, options)
    tap.pour(20)
    const [local, remote] = [new Reading(started, 0), await b.read({ id: started.id })]
    await Promise.all([local.reached(20), remote.reached(20)])
    const promoted = await redis.loseWrites(async () => {
      tap.pour(1_000)
      await Promise.all([local.reached(1_020), remote.reached(1_020)])
    })
    await old.close()
    await using _successor = await startChaosProxy({ target: { port: promoted.port }, listen: { port: old.port } })
    tap.pour(1)
    expect(await Promise.all([local.cut(15_000), remote.cut(15_000)])).toEqual(['storage', 'storage'])
    await a.abortOf(started.id)
    const late = await b.read({ id: started.id })
    expect(await late.ended()).toMatchObject({ reason: 'interrupted', cause: 'storage' })
    expect(late.text).toBe(textBetween(0, 20))
    await expect(b.read({ id: started.id }, { after: remote.cursor })).rejects.toMatchObject({ status: 409 })
  })

  test.for([
    { how: 'is killed', fail: 'kill' as const },
    { how: 'stands still', fail: 'pause' as const },
  ])(
    'F9: under load the primary $how, sentinels promote a replica: healthy streams go on (contract 4)',
    async ({ fail }) => {
      await using redis = await startSentinel()
      const client = (): Redis =>
        new Redis({ sentinels: [...redis.addresses], name: redis.masterName, lazyConnect: true })
      await using a = new Instance({ client: client() })
      await using b = new Instance({ client: client() })
      const count = 20
      const streams = await Promise.all(Array.from({ length: count }, () => a.count({ tokens: 600, everyMs: 30 })))
      const readings = streams.map((stream) => new Reading(stream, 0))
      for (const { id } of streams) readings.push(await b.read({ id }))
      await Promise.all(readings.map((reading) => reading.reached(20)))
      const before = readings.map(({ tokens }) => tokens)
      await redis.primary[fail]()
      await Promise.all(
        readings.map((reading, index) =>
          reading.until('text again', () => reading.over || reading.tokens > before[index]! + 20, 15_000),
        ),
      )
      await redis.successor(redis.primary)
      const ends = await Promise.all(readings.map((reading) => reading.ended()))
      for (const [index, reading] of readings.entries()) {
        expect(ends[index]).toMatchObject({ reason: 'stop', complete: true })
        expect(reading.text).toBe(textBetween(0, 600))
      }
    },
  )
})
