import assert from 'node:assert/strict'
import type { OnDisconnect } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, RUNS } from '../../../testing/src/index.ts'
import { readAsPage } from '../rig/event-source-model.ts'
import type { PeerSpeed } from '../rig/line-sink.ts'
import { assertRun, assertSaid, eventsOf } from '../log/logged-run.ts'
import { play, readerOptions, sourceScripts, streamOptions } from '../rig/scenarios.ts'
import { createWorld, logOf, serve, settledNow, toQuiescence } from '../rig/world.ts'

/** Peers that can take a chunk within the close grace: slower ones would get nowhere with the shortest rotations. */
const speeds: fc.Arbitrary<PeerSpeed> = fc.record({
  queueBytes: fc.integer({ min: 1, max: 4096 }),
  bytes: fc.integer({ min: 1024, max: 8192 }),
  everyMs: fc.integer({ min: 1, max: 100 }),
})

const rotations = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: 2_000 }), fc.constant(50_000))

const policies = fc.constantFrom<OnDisconnect>('cancel', 'continue', { graceMs: 0 }, { graceMs: 15_000 })

test('contract 1, 2, 9: whenever pages are sent to come back, whatever the policy, each gets the run of the log from where it began, once and in order', async () => {
  const pages = fc.array(
    fc.record({
      options: readerOptions,
      rotateAfterMs: rotations,
      speed: fc.option(speeds, { nil: undefined }),
      afterMs: fc.oneof(fc.constant(0), fc.nat({ max: 3_000 })),
      now: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  )
  const property = fc.asyncProperty(
    sourceScripts(20),
    streamOptions,
    policies,
    pages,
    async (script, options, onDisconnect, pages) => {
      const world = createWorld()
      const { runtime, sluice, store } = world
      const source = play(script, runtime)
      const { id } = await sluice.start(source.source, { as: 'server', onDisconnect, ...options })
      const stories = Promise.all(
        pages.map(async ({ options: reader, afterMs, now, ...rest }) => {
          await new Promise<void>((resolve) => void runtime.after(afterMs, resolve))
          return readAsPage(world, { id, after: now ? 'now' : undefined, ...reader, ...rest })
        }),
      )
      await runtime.advance(900_000)
      const events = eventsOf(logOf(store, id))
      for (const { from = events.length, entries, codes } of await settledNow(runtime, stories)) {
        assertRun(events, entries, from)
        assert.equal(entries.at(-1)?.seq ?? from, events.length)
        assert.deepEqual(
          codes.filter((code) => code !== 'rotate'),
          [],
        )
      }
      assert.equal(logOf(store, id).end?.complete, true)
      assertSaid(events, script.items)
      await toQuiescence(runtime)
      assert.deepEqual([sluice.stats().delivering, sluice.stats().pending], [0, 0])
    },
  )
  await check(property, { numRuns: RUNS })
})

test('contract 4, 7, 14: a peer that is gone, wherever it was, is cut by its rotation and one close grace, and nothing is left', async () => {
  const property = fc.asyncProperty(
    sourceScripts(20),
    readerOptions,
    fc.record({
      rotateAfterMs: fc.integer({ min: 1, max: 60_000 }),
      closeGraceMs: fc.integer({ min: 0, max: 5_000 }),
      stallMs: fc.constantFrom<number | false>(false, 30_000),
    }),
    fc.option(fc.integer({ min: 1, max: 2_000 }), { nil: undefined }),
    async (script, options, times, queueBytes) => {
      const { runtime, sluice } = createWorld()
      const source = play({ ...script, steps: [...script.steps, { hang: true }], shape: 'async-iterable' }, runtime)
      const deadlines = { firstTokenMs: false, idleMs: false, totalMs: false } as const
      const stream = await sluice.start(source.source, { as: 'server', deadlines })
      // It reads nothing; where its queue has no end, all it is sent looks as if it were on its way.
      const speed = { queueBytes: queueBytes ?? Infinity, bytes: 0, everyMs: Infinity }
      const { sink, chunks } = serve(runtime, stream, { ...options, ...times, speed, rotates: true })
      const dueMs = runtime.now() + times.rotateAfterMs
      await runtime.advance(times.rotateAfterMs + times.closeGraceMs + 1)
      // Whoever had got nothing until it was due has another grace for what it gets then.
      if (!chunks().some(({ atMs }) => atMs < dueMs)) await runtime.advance(times.closeGraceMs)
      assert.deepEqual([sink.state, sink.writesWhileWaiting, sluice.stats().delivering], ['destroyed', 0, 0])
      await runtime.advance(30_000)
      assert.equal(stream.end?.cause, 'disconnect')
      assert.equal(source.aborted, true)
      await toQuiescence(runtime)
      assert.equal(sluice.stats().pending, 0)
    },
  )
  await check(property)
})
