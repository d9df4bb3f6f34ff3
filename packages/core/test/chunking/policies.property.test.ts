/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import { adaptive, boundary, type ChunkingPolicy, createSluice, fixed, immediate, paced } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  check,
  createCollectingSink,
  createGuardedRuntime,
  createRig,
  createVirtualRuntime,
  lawfulPolicies,
  plainWire,
  RUNS,
  textOf,
  unlawfulPolicies,
} from '../rig/core-rig.ts'
import { assertLawful, bursts, runPolicy } from './policy-run.ts'

const delay = fc.constantFrom(0, 1, 20, 50, 400)
const units = fc.constantFrom('grapheme', 'word', 'sentence', 'line')
const own: fc.Arbitrary<ChunkingPolicy> = fc.oneof(
  fc.constant(immediate()),
  fc.record({ tokens: fc.integer({ min: 1, max: 20 }), maxDelayMs: delay }).map(fixed),
  fc
    .record({ firstTokens: fc.nat({ max: 5 }), targetTokens: fc.integer({ min: 1, max: 32 }), maxDelayMs: delay })
    .map(adaptive),
  fc.record({ unit: units, maxDelayMs: delay }).map((options) => boundary(options as Parameters<typeof boundary>[0])),
  lawfulPolicies(),
)

test('contract 10: no event waits longer than maxDelayMs, no chunk is over its cap, the end flushes', () =>
  check(
    fc.asyncProperty(own, bursts(), fc.constantFrom(64, 100, 500, 16_384), async (policy, list, maxChunkBytes) => {
      const run = await runPolicy(policy, list, { maxChunkBytes })
      assertLawful(run, { maxDelayMs: policy.maxDelayMs, maxChunkBytes })
    }),
    { numRuns: RUNS },
  ))

test('a policy that waits gets nearly all of maxDelayMs: what comes in that time travels along', () =>
  check(
    fc.asyncProperty(bursts(), fc.constantFrom(20, 50, 400), async (list, maxDelayMs) => {
      const { chunks, arrivals } = await runPolicy(fixed({ tokens: 1000, maxDelayMs }), list)
      for (const { fromSeq, toSeq, atMs } of chunks)
        if (toSeq < arrivals.length) expect(atMs - arrivals[fromSeq - 1]!).toBeGreaterThanOrEqual(0.98 * maxDelayMs)
    }),
  ))

test('contract 10: the time bound holds on a clock with fractions, without spinning', () =>
  check(
    fc.asyncProperty(
      fc.double({ min: 0, max: 1e7, noNaN: true }),
      fc.double({ min: 0.001, max: 300, noNaN: true }),
      async (startMs, maxDelayMs) => {
        const runtime = createGuardedRuntime(startMs)
        const rig = { runtime, sluice: createSluice({ runtime }) }
        const run = await runPolicy(
          fixed({ tokens: 20, maxDelayMs }),
          [
            { waitMs: 0.1, tokens: ['a', 'b'] },
            { waitMs: 1000, tokens: ['c'] },
          ],
          { rig },
        )
        assertLawful(run, { maxDelayMs, maxChunkBytes: 16_384 })
      },
    ),
    { endOnFailure: true },
  ))

describe('contract 10: adaptive', () => {
  test('gives the first three tokens at the end of their turn', () =>
    check(
      fc.asyncProperty(bursts(), async (list) => {
        const { chunks, arrivals } = await runPolicy(adaptive(), list)
        for (const { fromSeq, atMs } of chunks) if (fromSeq <= 3) expect(atMs).toBe(arrivals[fromSeq - 1])
      }),
    ))

  test('gives a burst of one turn as one chunk', () =>
    check(
      fc.asyncProperty(fc.integer({ min: 1, max: 400 }), async (count) => {
        const tokens = Array.from({ length: count }, () => 'a')
        const { chunks } = await runPolicy(adaptive(), [
          { waitMs: 5, tokens },
          { waitMs: 500, tokens: ['z'] },
        ])
        expect(chunks[0]).toMatchObject({ fromSeq: 1, toSeq: count })
      }),
    ))
})

describe('contract 10: paced', () => {
  const rates = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0.5, max: 2000, noNaN: true }))

  test('never gives more live tokens than rate × time + burst, and gives all of them', () =>
    check(
      fc.asyncProperty(rates, fc.integer({ min: 1, max: 12 }), bursts(), async (tokensPerSecond, burstTokens, list) => {
        const policy = paced({ tokensPerSecond, burstTokens })
        const { chunks, tokens, sink } = await runPolicy(policy, list, { tailMs: 600_000 })
        expect(chunks.at(-1)?.toSeq).toBe(tokens.length + 1)
        expect(sink.closed).toBe(true)
        for (const [from, first] of chunks.entries()) {
          for (const last of chunks.slice(from)) {
            const allowed = burstTokens + ((last.atMs - first.atMs) * tokensPerSecond) / 1000
            if (last.toSeq - first.fromSeq + 1 > allowed + 1e-3) throw new Error(`${last.toSeq} came too early`)
          }
        }
      }),
    ))

  test('never paces what was logged before the reader attached', () =>
    check(
      fc.asyncProperty(rates, fc.integer({ min: 1, max: 60 }), async (tokensPerSecond, count) => {
        const { sluice, runtime } = createRig()
        const tokens = Array.from({ length: count }, (_, index) => `${index} `)
        const { id } = await sluice.start(() => [tokens], { as: 'server', onDisconnect: 'continue' })
        await runtime.flush()
        const stream = await sluice.attach({ id }, { as: 'server' })
        const sink = createCollectingSink()
        stream.deliver(sink, { wire: plainWire, chunking: paced({ tokensPerSecond, burstTokens: 1 }) })
        await runtime.flush()
        expect(textOf(sink)).toBe(tokens.join(''))
        expect(sink.closed).toBe(true)
      }),
    ))

  const inner = fc.oneof(
    fc.record({ tokens: fc.integer({ min: 1, max: 20 }), maxDelayMs: delay }).map(fixed),
    fc.record({ maxDelayMs: delay }).map(adaptive),
    fc.record({ maxDelayMs: delay }).map(boundary),
  )

  test('with a chunking of its own gives everything, without spinning', () =>
    check(
      fc.asyncProperty(rates, fc.integer({ min: 1, max: 12 }), inner, bursts(), async (...values) => {
        const [tokensPerSecond, burstTokens, chunking, list] = values
        const runtime = createVirtualRuntime({ maxTasksPerInstant: 1000 })
        const rig = { runtime, sluice: createSluice({ runtime }) }
        const policy = paced({ tokensPerSecond, burstTokens, chunking })
        const { sink, tokens } = await runPolicy(policy, list, { tailMs: 600_000, rig })
        expect(textOf(sink)).toBe(tokens.join(''))
        expect(sink.closed).toBe(true)
      }),
    ))
})

test('contract 2, 13: a policy that breaks its contract cuts its own reading loudly and nothing else', () =>
  check(
    fc.asyncProperty(unlawfulPolicies(), bursts(), async (policy, list) => {
      const failed: string[] = []
      const rig = createRig({ observers: [{ failed: (_, { where }) => void failed.push(where) }] })
      const other = createCollectingSink()
      const { sluice, runtime } = rig
      const start = sluice.start.bind(sluice)
      sluice.start = async (source, options) => {
        const stream = await start(source, options)
        const second = await sluice.attach({ id: stream.id }, { as: 'server' })
        second.deliver(other, { wire: plainWire, chunking: immediate() })
        return stream
      }
      const { sink, tokens } = await runPolicy(policy, list, { rig })
      await runtime.advance(policy.maxDelayMs)
      const whole = tokens.join('')
      expect(textOf(other)).toBe(whole)
      expect(other.closed).toBe(true)
      const cut = sink.destroyed && !sink.closed
      expect(whole.startsWith(textOf(sink))).toBe(true)
      if (cut) expect(failed).toEqual(['delivery'])
      else expect(textOf(sink)).toBe(whole)
      expect(sink.closed || cut).toBe(true)
      expect(sluice.stats()).toMatchObject({ producing: 0, delivering: 0, pending: 0 })
    }),
  ))
