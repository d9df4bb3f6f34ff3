import { type ChunkingPolicy, immediate } from '@sluice/core'
import { TEXT_COST_BYTES } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  check,
  createRig,
  createScriptedSource,
  createStallingSink,
  lawfulPolicies,
  plainWire,
  RUNS,
  textOf,
} from '../rig/core-rig.ts'
import { bursts } from './policy-run.ts'
import { peerScripts, readyMs, runStalling } from './stalling-run.ts'

/** Rounding of times with fractions. */
const SLACK_MS = 1e-6
const windows = fc.oneof(fc.integer({ min: 64, max: 2_000 }), fc.constant(65_536))
const limits = fc.record({ windowBytes: windows, maxChunkBytes: fc.constantFrom(64, 300, 16_384) })

test('contract 10: no event waits longer than the bound it was given when it became readable, while its sink is ready', () =>
  check(
    fc.asyncProperty(lawfulPolicies(), bursts(), peerScripts, limits, async (policy, list, peer, limits) => {
      const { events, waits, sink, text } = await runStalling(policy, list, { peer, ...limits })
      expect(text).toBe(list.flatMap(({ tokens }) => tokens).join(''))
      expect(sink.closed).toBe(true)
      sink.assertContract()
      for (const [index, { bornMs, boundMs, writtenMs }] of events.entries()) {
        const lateMs = readyMs([bornMs + boundMs, writtenMs], waits)
        if (lateMs > SLACK_MS) throw new Error(`event ${index + 1} left ${lateMs} ms after its bound of ${boundMs}`)
      }
    }),
    // What a wrong bound of a later batch does shows in few runs of a thousand.
    { numRuns: 10 * RUNS },
  ))

test('contract 10: no event waits while the window holds the source back, and its sink is ready', () =>
  check(
    fc.asyncProperty(lawfulPolicies(), bursts(), peerScripts, windows, async (policy, list, peer, windowBytes) => {
      const { held, waits } = await runStalling(policy, list, { peer, windowBytes })
      for (const span of held) {
        const heldMs = readyMs(span, waits)
        if (heldMs > SLACK_MS) throw new Error(`the source was held back for ${heldMs} ms by a policy that waited`)
      }
    }),
    { numRuns: RUNS },
  ))

test('contract 10: the policy is asked for the bound of each event once, in the turn in which it becomes readable', () =>
  check(
    fc.asyncProperty(lawfulPolicies(), bursts(), async (policy, list) => {
      const { events } = await runStalling(policy, list, { peer: { acceptBytes: Infinity, reads: [] } })
      for (const { bornMs, boundAtMs, boundMs } of events) {
        // A constant bound is known before.
        if (boundAtMs > 0) expect(boundAtMs).toBe(bornMs)
        expect(boundMs).toBeLessThanOrEqual(policy.maxDelayMs)
      }
    }),
  ))

test('a policy that waits learns that the window holds the source back before anything is sent', async () => {
  const waiting: ChunkingPolicy = { name: 'waiting', maxDelayMs: 60_000, take: () => 0 }
  const token = '#'.repeat(100 - TEXT_COST_BYTES)
  const tokens = Array.from({ length: 10 }, () => token)
  const peer = { acceptBytes: Infinity, reads: [] }
  const { events, heldViews } = await runStalling(waiting, [{ waitMs: 0, tokens }], { peer, windowBytes: 400 })
  expect(events.every(({ writtenMs }) => writtenMs === 0)).toBe(true)
  expect(heldViews).toBeGreaterThan(0)
})

test('a policy whose answer takes events keeps its say over the chunks while the window holds the source back', async () => {
  const inPairs: ChunkingPolicy = { name: 'pairs', maxDelayMs: 60_000, take: ({ pending }) => (pending >= 2 ? 2 : -2) }
  const tokens = Array.from({ length: 9 }, () => '#'.repeat(100 - TEXT_COST_BYTES))
  const peer = { acceptBytes: Infinity, reads: [] }
  const { sink } = await runStalling(inPairs, [{ waitMs: 0, tokens }], { peer, windowBytes: 400 })
  const sizes = sink.writes.map((write) => (String(write).split('#').length - 1) / tokens[0]!.length)
  // The last one is the end's, which flushes.
  expect(sizes.slice(0, -1)).toEqual([2, 2, 2, 2])
})

test('a policy may wait again as soon as the source goes on', async () => {
  const waiting: ChunkingPolicy = { name: 'waiting', maxDelayMs: 200, take: () => 0 }
  const list = [
    { waitMs: 0, tokens: Array.from({ length: 10 }, () => '#'.repeat(100 - TEXT_COST_BYTES)) },
    { waitMs: 1_000, tokens: ['late'] },
    { waitMs: 1_000, tokens: ['last'] },
  ]
  const peer = { acceptBytes: Infinity, reads: [] }
  const { events } = await runStalling(waiting, list, { peer, windowBytes: 400 })
  expect(events.at(-3)).toMatchObject({ bornMs: 1_000, writtenMs: 1_200 })
})

test('contract 10: what came while others filled the connection leaves at once if its bound is over by then', async () => {
  const { sluice, runtime } = createRig()
  const sink = createStallingSink({ acceptBytes: 10 })
  const options = { ...sluice.readerOptions, heartbeatMs: false, stallMs: false } as const
  const connection = sluice.connect(sink, { beat: { heartbeat: () => '' }, closeWhenEmpty: false }, options)
  const waiting: ChunkingPolicy = { name: 'waiting', maxDelayMs: 100, take: () => 0 }
  for (const [waitMs, chunking] of [[20, waiting] as const, [10, immediate()] as const]) {
    const { source } = createScriptedSource([{ wait: waitMs }, { yield: `after ${waitMs}` }, { hang: true }], {
      runtime,
    })
    const stream = await sluice.start(source, { as: 'server' })
    stream.deliver(sink, { wire: plainWire, chunking, connection })
  }
  await runtime.advance(500)
  expect(textOf(sink)).toBe('after 10')
  sink.release(10_000)
  await runtime.flush()
  expect(textOf(sink)).toBe('after 10after 20')
  connection.close()
})
