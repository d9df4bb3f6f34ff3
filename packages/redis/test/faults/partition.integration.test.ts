import { startChaosProxy } from '@sluice/testing/chaos-proxy'
import { startReplicated, startRedisServer } from '@sluice/testing/redis'
import { quiet } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'
import { eventually } from './rig/watched.ts'

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

describe.concurrent('Redis is out of reach for longer than a lease', () => {
  test('F3: for all: a lease that lapsed meanwhile is nobody’s to judge, healthy streams go on (contract 4, 5)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const speaking = await a.count({ tokens: 2_000, everyMs: 10 })
    const tap = new Tap()
    const silent = await a.start(tap.source)
    tap.pour(10)
    const readings = await Promise.all([b.read({ id: speaking.id }), b.read({ id: silent.id })])
    await Promise.all(readings.map((reading) => reading.reached(10)))
    await server.pause()
    await sleep(13_000)
    server.resume()
    // One that comes now has heard nothing of the outage.
    await using c = new Instance({ url: server.url })
    readings.push(await c.read({ id: silent.id }))
    await sleep(3_000)
    tap.pour(10)
    tap.finish()
    const ends = await Promise.all(readings.map((reading) => reading.ended()))
    for (const end of ends) expect(end).toMatchObject({ reason: 'stop', complete: true })
    expect(readings.map(({ tokens }) => tokens)).toEqual([2_000, 20, 20])
    expect([...b.runs, ...c.runs, ...a.aborted]).toEqual([])
  })

  test('F18: for its producer alone: another goes on, and the old one, back again, does not end it (contract 3, 5)', async () => {
    await using server = await startRedisServer()
    await using proxy = await startChaosProxy({ target: { port: server.port } })
    await using a = new Instance({ url: `redis://127.0.0.1:${proxy.port}`, outageMs: 4_000, commandMs: 1_000 })
    await using b = new Instance({ url: server.url })
    const started = await a.count({ tokens: 1_200, everyMs: 10 })
    const local = new Reading(started, 0)
    const remote = await b.read({ id: started.id })
    await Promise.all([local.reached(20), remote.reached(20)])
    proxy.blackhole()
    // It gives up, and would tell the store so as soon as it could.
    expect(await local.cut(6_000)).toBe('storage')
    await a.abortOf(started.id)
    await b.until('the source runs here', () => b.runs.length === 1)
    proxy.heal()
    expect(await remote.ended()).toMatchObject({ reason: 'stop', complete: true })
    expect(remote.text).toBe(textBetween(0, 1_200))
    expect(remote.text.startsWith(local.text)).toBe(true)
    const back = await a.read({ id: started.id })
    expect(await back.ended()).toEqual(remote.end)
    expect(back.text).toBe(remote.text)
    expect(a.settled).toEqual([])
    expect((await b.settlementOf(started.id)).text).toBe(remote.text)
  })

  test('F3: for its producer alone, degraded: what ran ahead is taken back aloud, and all have one end (contract 2, 3)', async () => {
    await using server = await startRedisServer()
    await using proxy = await startChaosProxy({ target: { port: server.port } })
    const url = `redis://127.0.0.1:${proxy.port}`
    await using a = new Instance({ url, onStoreOutage: 'degrade', commandMs: 1_000 })
    await using b = new Instance({ url: server.url })
    const tap = new Tap()
    const started = await a.start(tap.source)
    const local = new Reading(started, 0)
    const remote = await b.read({ id: started.id })
    tap.pour(20)
    await Promise.all([local.reached(20), remote.reached(20)])
    proxy.blackhole()
    tap.pour(30)
    await local.reached(50)
    // To the others its producer is dead.
    const end = await remote.ended(13_000)
    expect(end).toMatchObject({ reason: 'interrupted', cause: 'lease' })
    expect(local.over).toBe(false)
    proxy.heal()
    expect(await local.cut(5_000)).toBe('storage')
    await a.abortOf(started.id)
    expect([local.tokens, remote.tokens]).toEqual([50, 20])
    // The last cursor it was given is still good.
    const back = await a.read({ id: started.id }, { after: local.cursor, from: 20 })
    expect(await back.ended()).toEqual(end)
    expect(back.text).toBe('')
    const settled = await a.settlementOf(started.id)
    expect(settled).toMatchObject({ text: textBetween(0, 20), end })
  })

  test('F8: `{ replicas: 1 }`: nothing is shown that a failover could lose (contract 11)', async () => {
    await using redis = await startReplicated({ replicas: 1 })
    await using proxy = await startChaosProxy({ target: { port: redis.primary.port } })
    const url = `redis://127.0.0.1:${proxy.port}`
    await using a = new Instance({ url, outageMs: 5_000 })
    await using b = new Instance({ url })
    const tap = new Tap()
    const started = await a.start(tap.source, { durability: { replicas: 1 } })
    const readings = [new Reading(started, 0), await b.read({ id: started.id })]
    tap.pour(50)
    await Promise.all(readings.map((reading) => reading.reached(50)))
    const promoted = await redis.loseWrites(async () => {
      const entries = async (): Promise<number> =>
        Number(await redis.primary.command('XLEN', `sluice:{0::${started.id}}:log`))
      const before = await entries()
      tap.pour(50)
      await eventually('it stands in the primary', async () => (await entries()) > before)
      await quiet()
    })
    expect(readings.map(({ tokens }) => tokens)).toEqual([50, 50])
    await proxy.close()
    await using _successor = await startChaosProxy({ target: { port: promoted.port }, listen: { port: proxy.port } })
    // There is no replica any more: it ends, and nobody had been shown what it ends without.
    expect(await readings[0]!.cut(10_000)).toBe('storage')
    expect(await readings[1]!.ended(10_000)).toMatchObject({ reason: 'interrupted', cause: 'storage' })
    for (const reading of readings) expect(reading.text.startsWith(textBetween(0, 50))).toBe(true)
  })
})
