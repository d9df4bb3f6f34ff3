import assert from 'node:assert/strict'
import { adaptive, boundary, type ChunkingPolicy, fixed, immediate, paced } from '@sluice/core'
import { TEXT_COST_BYTES } from '@sluice/core/extend'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource, lawfulPolicies } from '../../../testing/src/index.ts'
import { assertRun, eventsOf } from '../log/logged-run.ts'
import { createWorld, logOf, serve } from '../rig/world.ts'

const AS = 'server'
const policies: fc.Arbitrary<ChunkingPolicy> = fc.oneof(
  { weight: 3, arbitrary: lawfulPolicies() },
  { weight: 1, arbitrary: fc.constantFrom(immediate(), adaptive(), boundary(), fixed()) },
)
const bursts = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.constant(0), fc.nat({ max: 30 }), fc.nat({ max: 2000 })),
    tokens: fc.array(fc.string({ unit: fc.constantFrom('a', ' ', '\n', '。', '工'), minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
  { minLength: 1, maxLength: 8 },
)

test('contract 10: no event waits longer than maxDelayMs, no chunk is over its byte cap, all end on event boundaries, and the end flushes', async () => {
  const property = fc.asyncProperty(
    policies,
    bursts,
    fc.integer({ min: 64, max: 600 }),
    async (chunking, bursts, maxChunkBytes) => {
      const { runtime, sluice, store } = createWorld()
      const bornMs: number[] = []
      const source = async function* (): AsyncGenerator<string[]> {
        for (const { waitMs, tokens } of bursts) {
          if (waitMs > 0) await new Promise<void>((resolve) => void runtime.after(waitMs, resolve))
          for (const _ of tokens) bornMs.push(runtime.now())
          yield tokens
        }
      }
      let endedMs = -1
      const stream = await sluice.start(source, { as: AS })
      const serving = serve(runtime, stream, { chunking, maxChunkBytes })
      void stream.ended.then(() => (endedMs = runtime.now()))
      await runtime.advance(60_000)
      const events = eventsOf(logOf(store, stream.id))
      const { entries } = serving.understood()
      assertRun(events, entries, 0)
      const { chunks } = serving
      let at = 0
      for (const { atMs, seq } of chunks()) {
        const bytes = events
          .slice(at, seq)
          .reduce((sum, event) => sum + ('text' in event ? Buffer.byteLength(event.text) + TEXT_COST_BYTES : 0), 0)
        assert.ok(bytes <= maxChunkBytes || seq - at === 1, `a chunk of ${bytes} bytes`)
        for (let index = at; index < seq && index < bornMs.length; index++) {
          const waited = atMs - bornMs[index]!
          assert.ok(waited <= chunking.maxDelayMs, `event ${index + 1} waited ${waited} ms of ${chunking.maxDelayMs}`)
        }
        at = seq
      }
      assert.equal(at, events.length)
      assert.equal(chunks().at(-1)?.atMs, endedMs)
    },
  )
  await check(property)
})

test('contract 10: the first tokens leave at the end of their turn, and a burst of one turn leaves in one write', async () => {
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.nat({ max: 100 }), async (tokens, waitMs) => {
    const { runtime, sluice } = createWorld()
    const source = createScriptedSource(
      [{ wait: waitMs }, ...Array.from({ length: tokens }, () => ({ yield: 'x' })), { hang: true as const }],
      { runtime },
    )
    const { chunks } = serve(runtime, await sluice.start(source.source, { as: AS }), { chunking: immediate() })
    await runtime.advance(waitMs)
    assert.deepEqual(chunks(), [{ atMs: waitMs, seq: tokens }])
    const first = createWorld()
    const adaptively = serve(
      first.runtime,
      await first.sluice.start(
        createScriptedSource([{ yield: 'x' }, { hang: true }], { runtime: first.runtime }).source,
        { as: AS },
      ),
    )
    await first.runtime.flush()
    assert.deepEqual(adaptively.chunks(), [{ atMs: 0, seq: 1 }])
  })
  await check(property)
})

test('contract 10: a pace decides what is readable of a live stream, and never slows a replay', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 20 }),
    async (rate, burst) => {
      const { runtime, sluice, store } = createWorld()
      const chunking = paced({ tokensPerSecond: rate, burstTokens: burst } as never)
      const tokens = Array.from({ length: 30 }, (_, index) => ({ yield: `${index} ` }))
      const source = createScriptedSource([{ wait: 10 }, ...tokens, { hang: true }], { runtime })
      const stream = await sluice.start(source.source, { as: AS, deadlines: { idleMs: false } })
      const live = serve(runtime, stream, { chunking })
      for (let second = 1; second <= 3; second++) {
        await runtime.advance(1000)
        const got = live.chunks().at(-1)?.seq ?? 0
        assert.ok(got <= burst + rate * second + 1, `${got} tokens after ${second} s`)
      }
      const replay = serve(runtime, await sluice.attach({ id: stream.id }, { as: AS }), { chunking })
      await runtime.advance(chunking.maxDelayMs)
      assert.equal(replay.chunks().at(-1)?.seq, logOf(store, stream.id).lastSeq)
      await stream.cancel()
      await runtime.advance(40_000)
      assert.equal(live.understood().entries.at(-1)?.event.type, 'end')
    },
  )
  await check(property)
})
