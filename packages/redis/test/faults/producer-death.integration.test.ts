import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { ProducerProcess } from './rig/producer-process.ts'
import { textBetween } from './rig/text.ts'
import { eventually } from './rig/watched.ts'

/** Lease 10 s + 2 s. */
const TOLD_MS = 12_000
const END = { type: 'end', reason: 'interrupted', cause: 'lease', complete: false }

describe.concurrent('a producer dies', () => {
  test('F17: kill -9 mid-chunk: readers everywhere are told `interrupted` within lease + 2 s, and it is settled (contract 4, 13)', async () => {
    await using server = await startRedisServer()
    await using producer = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    await using c = new Instance({ url: server.url })
    // A fast source: there is always a chunk under way.
    const id = await producer.countAlone({ tokens: 1e9, everyMs: 0 }, { retentionBytes: 64 * 1024 * 1024 })
    const [onB, onC] = [await b.read({ id }), await c.read({ id })]
    await Promise.all([onB.reached(1_000), onC.reached(1_000)])
    await producer.kill()
    const ends = await Promise.all([onB.ended(TOLD_MS), onC.ended(TOLD_MS)])
    expect(ends[0]).toMatchObject(END)
    expect(ends[1]).toEqual(ends[0])
    expect(onB.tokens).toBeGreaterThanOrEqual(1_000)
    expect(onC.text).toBe(onB.text)
    // What is told later is the same, and `settle` runs for the dead, with what was stored.
    const late = await c.read({ id })
    expect(await late.ended()).toEqual(ends[0])
    expect(late.text).toBe(onB.text)
    const settled = await Promise.race([b.settlementOf(id, 45_000), c.settlementOf(id, 45_000)])
    expect(settled).toMatchObject({ id, text: onB.text, end: ends[0], trimmed: false })
  })

  test('F17: kill -9 before the first token: the waiting reader is told too (contract 4)', async () => {
    await using server = await startRedisServer()
    await using producer = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    const id = await producer.countAlone({ tokens: 10, everyMs: 100_000 })
    const reader = await b.read({ id })
    await producer.kill()
    expect(await reader.ended(TOLD_MS)).toMatchObject(END)
    expect(reader.text).toBe('')
  })

  test('F17: kill -9 of a stream that nobody reads: it ends within lease + 2 s, its key is free, it is settled once (contract 4, 13)', async () => {
    await using server = await startRedisServer()
    await using producer = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    await using c = new Instance({ url: server.url })
    const id = await producer.countAlone({ tokens: 1e9, everyMs: 20 }, { key: 'chat' })
    // Others have looked at it by then, and found it well.
    await new Promise((resolve) => setTimeout(resolve, 12_000))
    await producer.kill()
    const fromMs = performance.now()
    const ended = async (): Promise<boolean> => (await b.sluice.info({ id }, { as: 'server' })).status === 'ended'
    await eventually('the end', ended, TOLD_MS)
    expect(performance.now() - fromMs).toBeGreaterThan(5_000)
    await eventually('settled', () => b.settled.length + c.settled.length > 0, 5_000)
    const fresh = await c.start(new Tap().source, { key: 'chat' })
    expect(fresh.attached).toBe(false)
    expect([...b.settled, ...c.settled]).toMatchObject([{ id, end: END }])
  })

  test('F17: kill -9, again and again, with others that know the source: the text goes on exactly (contract 1, 4)', async () => {
    await using server = await startRedisServer()
    await using first = new ProducerProcess({ store: { url: server.url } })
    await using second = new ProducerProcess({ store: { url: server.url } })
    await using third = new ProducerProcess({ store: { url: server.url } })
    await Promise.all([second.ready(), third.ready()])
    const id = await first.count({ tokens: 600, everyMs: 10 })
    await using reader = new Instance({ url: server.url }, { sources: {} })
    const reading = await reader.read({ id })
    await reading.reached(50)
    await first.kill()
    const successor = await Promise.race(
      [second, third].map((each) => each.until('a run', ({ report }) => report.runs.length > 0 && each, 16_000)),
    )
    await reading.reached(reading.tokens + 50)
    await successor.kill()
    expect(await reading.ended(45_000)).toMatchObject({ reason: 'stop', complete: true })
    expect(reading.text).toBe(textBetween(0, 600))
    expect(reading.cursor).toMatch(new RegExp(`^${id}\\.\\d+\\.601$`))
    expect([second, third].map(({ report }) => report.runs.length)).toEqual([1, 1])
  })

  test('F17: kill -9 with other instances that know the source: one goes on, and the text is exact (contract 1, 4)', async () => {
    await using server = await startRedisServer()
    await using producer = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    await using c = new Instance({ url: server.url })
    const onC = async (id: string): Promise<void> => void (await (await c.read({ id })).ended())
    const id = await producer.count({ tokens: 400, everyMs: 5 })
    const reader = await b.read({ id })
    const reading = onC(id)
    await reader.reached(50)
    await producer.kill()
    expect(await reader.ended()).toMatchObject({ reason: 'stop', complete: true })
    await reading
    expect(reader.text).toBe(textBetween(0, 400))
    const runs = [...b.runs, ...c.runs]
    expect(runs).toHaveLength(1)
    expect(runs[0]!.after).toBeGreaterThanOrEqual(50)
    await eventually('settled', () => b.settled.length + c.settled.length > 0)
    expect([...b.settled, ...c.settled]).toMatchObject([{ id, text: textBetween(0, 400) }])
  })

  test('F54: an event loop that is blocked for 2 s, again and again, loses no lease (contract 5)', async () => {
    await using server = await startRedisServer()
    await using producer = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    const id = await producer.countAlone({ tokens: 300, everyMs: 5 })
    const reader = await b.read({ id })
    for (let round = 1; round <= 6; round++) {
      await producer.block(2_000)
      await reader.reached(20 * round)
    }
    expect(await reader.ended()).toMatchObject({ reason: 'stop', complete: true })
    expect(reader.text).toBe(textBetween(0, 300))
    await producer.leaveAll()
  })
})
