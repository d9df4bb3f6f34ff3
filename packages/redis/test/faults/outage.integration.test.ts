import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { until, untilStill } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'

const HEARTBEAT_MS = 300
const FINISHED = { reason: 'stop', complete: true }

/** One paced stream, produced on `a`, with a reader on each instance. */
async function withReaders(a: Instance, b: Instance): Promise<[Reading, Reading, string]> {
  const started = await a.count({ tokens: 800, everyMs: 10 })
  const readers = [
    new Reading(started, 0, { heartbeatMs: HEARTBEAT_MS }),
    await b.read({ id: started.id }, { heartbeatMs: HEARTBEAT_MS }),
  ] as const
  await Promise.all(readers.map((reader) => reader.reached(20)))
  return [...readers, started.id]
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

describe.concurrent('Redis does not answer', () => {
  test.for([
    {
      fault: 'F3: SIGSTOP for 3 s',
      inject: async (server: RedisServer) => (await server.pause(), await sleep(3_000), server.resume()),
    },
    { fault: 'F4: DEBUG SLEEP 5', inject: (server: RedisServer) => server.command('DEBUG', 'SLEEP', '5') },
    {
      fault: 'F4: CLIENT PAUSE 5000 WRITE',
      inject: async (server: RedisServer) => (
        await server.command('CLIENT', 'PAUSE', '5000', 'WRITE'),
        await sleep(5_000)
      ),
    },
  ])('$fault: latency only; heartbeats go on (contract 1, 4)', async ({ inject }) => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const [local, remote, id] = await withReaders(a, b)
    const before = [local.heartbeats, remote.heartbeats] as const
    // A timer of the same pace says how many there was time for.
    let due = 0
    const pace = setInterval(() => due++, HEARTBEAT_MS)
    await inject(server)
    clearInterval(pace)
    expect(due).toBeGreaterThan(1)
    expect(local.heartbeats - before[0]).toBeGreaterThan(due / 2)
    expect(remote.heartbeats - before[1]).toBeGreaterThan(due / 2)
    const [end] = await Promise.all([local.ended(), remote.ended()])
    expect(end).toMatchObject(FINISHED)
    expect(remote.end).toEqual(end)
    expect([local.text, remote.text]).toEqual([textBetween(0, 800), textBetween(0, 800)])
    expect(local.withoutCursor + remote.withoutCursor).toBe(0)
    expect(a.aborted).toEqual([])
    expect((await a.settlementOf(id)).text).toBe(textBetween(0, 800))
  })

  test('F3: SIGSTOP beyond `outageMs`, onStoreOutage: end: streams produced here end, and the store learns it (contract 2, 3, 4)', async () => {
    await using server = await startRedisServer()
    const options = { url: server.url, outageMs: 3_000, commandMs: 1_000 }
    await using a = new Instance(options)
    await using b = new Instance(options)
    const tap = new Tap()
    const started = await a.start(tap.source)
    tap.pour(20)
    const local = new Reading(started, 0)
    const remote = await b.read({ id: started.id })
    await Promise.all([local.reached(20), remote.reached(20)])
    await server.pause()
    tap.pour(5)
    expect(await local.cut(5_000)).toBe('storage')
    await a.abortOf(started.id, 1_000)
    expect(a.sluice.stats().store.health).toBe('down')
    // Nothing uncommitted was shown, and nothing was made of it later.
    expect(local.tokens).toBe(20)
    await expect(a.count({ tokens: 1, everyMs: 0 })).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE', status: 503 })
    server.resume()
    const end = await remote.ended(5_000)
    expect(end).toMatchObject({ reason: 'interrupted', cause: 'storage', error: { code: 'SLUICE_ERR_STORE' } })
    expect(remote.tokens).toBeGreaterThanOrEqual(20)
    const late = await a.read({ id: started.id })
    expect(await late.ended()).toEqual(end)
    expect(late.text).toBe(remote.text)
    // The connection that listens may be made anew meanwhile: until the next look, `a` is then woken by nobody, and says so.
    await until(() => a.sluice.stats().store.health === 'ok', 'the store is well again', 5_000)
  })

  test('F3: SIGSTOP for 60 s, all at its default: readers here are told in time, others wait with heartbeats, and all works again after it (contract 2, 4)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const tap = new Tap()
    const started = await a.start(tap.source)
    tap.pour(20)
    const local = new Reading(started, 0, { heartbeatMs: 1_000 })
    const remote = await b.read({ id: started.id }, { heartbeatMs: 1_000 })
    await Promise.all([local.reached(20), remote.reached(20)])
    await server.pause()
    const pausedMs = performance.now()
    tap.pour(5)
    expect(await local.cut(35_000)).toBe('storage')
    await a.abortOf(started.id, 1_000)
    await sleep(60_000 - (performance.now() - pausedMs))
    expect(remote.over).toBe(false)
    expect(Math.min(local.heartbeats, remote.heartbeats - 25)).toBeGreaterThan(20)
    server.resume()
    expect(await remote.ended(10_000)).toMatchObject({ reason: 'interrupted', cause: 'storage' })
    expect(remote.tokens).toBeGreaterThanOrEqual(20)
    const next = new Reading(await b.count({ tokens: 10, everyMs: 0 }), 0)
    expect(await next.ended()).toMatchObject(FINISHED)
  })

  test('F3: SIGSTOP, onStoreOutage: degrade: local readers go on without cursors, which come back (contract 11)', async () => {
    await using server = await startRedisServer()
    const options = { url: server.url, onStoreOutage: 'degrade', outageMs: 3_000 } as const
    await using a = new Instance(options)
    await using b = new Instance(options)
    const started = await a.count({ tokens: 900, everyMs: 10 })
    const local = new Reading(started, 0)
    const remote = await b.read({ id: started.id })
    await Promise.all([local.reached(20), remote.reached(20)])
    expect(local.withoutCursor).toBe(0)
    await server.pause()
    const committed = local.tokens
    await local.until('text without a cursor', () => local.withoutCursor > 0, 3_000)
    expect(a.sluice.stats().store.health).toBe('degraded')
    const { cursor } = local
    await local.reached(committed + 200)
    expect(local.cursor).toBe(cursor)
    expect(remote.over).toBe(false)
    server.resume()
    const shown = local.withoutCursor
    await local.until('a cursor again', () => local.cursor !== cursor, 3_000)
    expect(local.withoutCursor - shown).toBeLessThan(200)
    await until(() => a.sluice.stats().store.health === 'ok', 'the store is well again', 5_000)
    const resumed = await b.read({ id: started.id }, { after: cursor, from: committed })
    const ends = await Promise.all([local.ended(), remote.ended(), resumed.ended()])
    expect(ends[0]).toMatchObject(FINISHED)
    expect(ends).toEqual([ends[0], ends[0], ends[0]])
    expect([local.text, remote.text]).toEqual([textBetween(0, 900), textBetween(0, 900)])
    expect(textBetween(0, 900).endsWith(resumed.text)).toBe(true)
  })

  test('F3: what a source gives while Redis is silent is bounded: it is not pulled any more (contract 6, 7)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url, outageMs: 20_000 })
    const tap = new Tap()
    const started = await a.start(tap.source, { windowBytes: 4_096, retentionBytes: 32 * 1024, maxEventBytes: 1_024 })
    const local = new Reading(started, 0)
    tap.pour(10)
    await local.reached(10)
    await server.pause()
    tap.pour(20_000)
    expect(await untilStill(() => tap.given, { above: 10 })).toBeLessThan(5_000)
    server.resume()
    await local.reached(20_000)
    tap.finish()
    expect(await local.ended()).toMatchObject(FINISHED)
  })

  test('F3: degrade with a source as fast as it goes: cursors come back all the same (contract 11)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url, onStoreOutage: 'degrade' })
    const started = await a.count({ tokens: 1e9, everyMs: 0 })
    const local = new Reading(started, 0)
    await local.until('a thousand tokens', () => local.text.length > 5_000)
    await server.pause()
    await local.until('text without a cursor', () => local.withoutCursor > 0, 3_000)
    const { cursor } = local
    server.resume()
    await local.until('a cursor again', () => local.cursor !== cursor, 3_000)
    const without = local.withoutCursor
    const length = local.text.length
    await local.until('more text', () => local.text.length > length + 10_000)
    expect(local.withoutCursor).toBe(without)
    await a.sluice.cancel({ id: started.id }, { as: 'server' })
    expect(await local.ended()).toMatchObject({ reason: 'cancelled' })
    expect(local.tokens).toBeGreaterThan(1_000)
  })
})
