import assert from 'node:assert/strict'
import { immediate, type SourceItem } from '@sluice/core'
import { TEXT_COST_BYTES } from '@sluice/core/extend'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource, type SourceStep } from '../../../testing/src/index.ts'
import { assertRun, eventsOf } from '../log/logged-run.ts'
import { readerOptions } from '../rig/scenarios.ts'
import { createWorld, logOf, readWithDrops, serve, settledNow } from '../rig/world.ts'

const AS = 'server'
/** Runs on when its readers have gone, and not before the first has come. */
const AWAY = { graceMs: 3_600_000 }
const token = fc.string({ unit: fc.constantFrom('a', 'é', '工', '😀'), minLength: 1, maxLength: 30 })
const items: fc.Arbitrary<SourceItem[]> = fc.array(fc.oneof(token, fc.array(token, { maxLength: 12 })), {
  minLength: 10,
  maxLength: 80,
})

const limits = fc
  .record({
    windowBytes: fc.integer({ min: 64, max: 600 }),
    maxEventBytes: fc.integer({ min: 16, max: 200 }),
    room: fc.nat({ max: 2000 }),
  })
  .map(({ windowBytes, maxEventBytes, room }) => ({
    windowBytes,
    maxEventBytes,
    retentionBytes: Math.max(1024, windowBytes + maxEventBytes + room),
  }))

/** A segment is at most a sixteenth of what is kept, filled up by one last event. */
const segmentBytes = (retentionBytes: number, eventBytes: number): number => retentionBytes / 16 + eventBytes

/** The largest item, split into events that may each be cut short by a code point. */
const itemBytes = (maxEventBytes: number): number =>
  Math.ceil(120 / (maxEventBytes - 3)) * (maxEventBytes + TEXT_COST_BYTES)

test('contract 6: at every step a log holds at most its retention, one segment and one item', async () => {
  const property = fc.asyncProperty(
    items,
    limits,
    fc.array(readerOptions, { maxLength: 3 }),
    async (items, limits, readers) => {
      const { runtime, sluice, store } = createWorld()
      const source = createScriptedSource(
        items.flatMap((item): SourceStep[] => [{ wait: 1 }, { yield: item }]),
        { runtime },
      )
      const { id } = await sluice.start(source.source, { as: AS, onDisconnect: 'continue', ...limits })
      const log = logOf(store, id)
      const event = limits.maxEventBytes + TEXT_COST_BYTES
      const cap = limits.retentionBytes + segmentBytes(limits.retentionBytes, event) + itemBytes(limits.maxEventBytes)
      let most = 0
      const look = (): void => void (most = Math.max(most, log.bytes))
      log.watchers.add({ furthestMoved: look, ended: look })
      for (const options of readers)
        serve(runtime, await sluice.attach({ id }, { as: AS }), { ...options, onWrite: look })
      for (let step = 0; step <= items.length; step++) {
        await runtime.advance(1)
        look()
      }
      await runtime.advance(1_000_000)
      look()
      assert.ok(log.end)
      assert.ok(most <= cap, `${most} bytes were held, of ${cap}`)
      assert.equal(sluice.stats().store.bytes, log.heldBytes)
    },
  )
  await check(property)
})

test('contract 6: a reader that does not read costs its queue and one chunk, delays nobody, and is detached at its stall deadline with a cursor that resumes exactly', async () => {
  const property = fc.asyncProperty(
    items,
    readerOptions,
    fc.integer({ min: 1, max: 2000 }),
    fc.integer({ min: 1, max: 40_000 }),
    async (items, options, queueBytes, stallMs) => {
      const outcomes: string[] = []
      const world = createWorld({ observers: [{ detached: (_, { outcome }) => void outcomes.push(outcome) }] })
      const { runtime, sluice, store } = world
      const steps = items.flatMap((item): SourceStep[] => [{ wait: 10 }, { yield: item }])
      const source = createScriptedSource([...steps, { wait: 50_000 }, { yield: 'last' }], { runtime })
      const stream = await sluice.start(source.source, { as: AS, windowBytes: 65_536 })
      const { id } = stream
      const quick = serve(runtime, stream, { chunking: immediate() })
      const stuck = serve(runtime, await sluice.attach({ id }, { as: AS }), {
        ...options,
        stallMs,
        speed: { queueBytes, bytes: 0, everyMs: Infinity },
      })
      let stalledAtMs = stuck.sink.waiting ? 0 : -1
      stuck.sink.onWrite = () => {
        if (stuck.sink.waiting && stalledAtMs < 0) stalledAtMs = runtime.now()
      }
      await runtime.advance(items.length * 10)
      const events = eventsOf(logOf(store, id))
      assert.equal(quick.understood().entries.at(-1)?.seq ?? 0, events.length, 'the quick reader was delayed')
      await runtime.advance(45_000)
      const { sink } = stuck
      assert.equal(sink.writesWhileWaiting, 0)
      assert.ok(sink.maxQueued < queueBytes + sink.largestWrite)
      if (stalledAtMs >= 0 && stalledAtMs + stallMs < runtime.now()) assert.deepEqual(outcomes, ['stalled'])
      else assert.deepEqual(outcomes, [])
      // What the peer reads after all, out of its own buffers, is whole entries that resume exactly.
      sink.bytesRead = sink.bytesWritten
      const { entries, closed } = stuck.understood()
      const cursor = entries.at(-1)?.cursor
      const rest = readWithDrops(world, { id, plans: [], cursor })
      sink.drop()
      await runtime.advance(60_000)
      assertRun(eventsOf(logOf(store, id)), [...entries, ...(await settledNow(runtime, rest)).entries], 0)
      assert.equal(closed, undefined)
    },
  )
  await check(property)
})

test('contract 7: a source is never asked for more while every attached reader is a window behind, arrays of items included', async () => {
  const readers = fc.array(
    fc.record({
      options: readerOptions,
      queueBytes: fc.integer({ min: 1, max: 300 }),
      bytes: fc.integer({ min: 1, max: 200 }),
      everyMs: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(Infinity)),
    }),
    { minLength: 1, maxLength: 3 },
  )
  const property = fc.asyncProperty(items, limits, readers, async (items, limits, readers) => {
    const { runtime, sluice, store } = createWorld()
    let overrun = ''
    const source = async function* (): AsyncGenerator<SourceItem> {
      for (const item of items) {
        yield item
        // Control comes back here with the next pull.
        const ahead = log.totalBytes - Math.max(0, ...[...log.readers].map((reader) => reader.bytePosition))
        if (log.readers.size > 0 && ahead >= limits.windowBytes) overrun = `pulled ${ahead} bytes ahead`
      }
    }
    const { id } = await sluice.start(source, { as: AS, onDisconnect: AWAY, ...limits, retentionBytes: 65_536 })
    const log = logOf(store, id)
    const served = []
    for (const { options, ...speed } of readers) {
      served.push(serve(runtime, await sluice.attach({ id }, { as: AS }), { ...options, speed, stallMs: false }))
    }
    const furthest = (): number => Math.max(...[...log.readers].map((reader) => reader.bytePosition))
    const cap = limits.windowBytes + itemBytes(limits.maxEventBytes)
    for (let step = 0; step < 200 && !log.end; step++) {
      await runtime.advance(20)
      if (log.readers.size > 0 && !log.end)
        assert.ok(log.totalBytes - furthest() <= cap, 'an array ran past the window')
      assert.equal(overrun, '')
    }
    for (const { sink } of served) assert.equal(sink.writesWhileWaiting, 0)
    for (const { sink } of served) sink.drop()
    await runtime.advance(60_000)
    assert.equal(log.end?.complete, true)
  })
  await check(property)
})
