import { Scheduler } from '@sluice/core/extend'
import { check, createVirtualRuntime } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Liveness } from '../src/session/liveness.ts'

const PING_MS = 30_000
/** How often the scripts below look: a ping that is not answered is repeated after half a period. */
const HALF_MS = PING_MS / 2

function watch() {
  const runtime = createVirtualRuntime()
  const scheduler = new Scheduler(runtime)
  const watched = {
    writable: true,
    pingedMs: [] as number[],
    goneAtMs: undefined as number | undefined,
    ping: () => watched.pingedMs.push(runtime.now()),
    gone: () => (watched.goneAtMs ??= runtime.now()),
  }
  const startMs = runtime.now()
  const liveness = new Liveness(scheduler, PING_MS, watched)
  return { runtime, scheduler, watched, liveness, startMs }
}

describe('contract 4: a peer that is asked whether it is there', () => {
  test('is pinged once a period while it answers', async () => {
    const { runtime, watched, liveness, startMs } = watch()
    for (let half = 1; half <= 8; half++) {
      await runtime.advance(HALF_MS)
      liveness.heard()
    }
    expect(watched.pingedMs.map((atMs) => (atMs - startMs) / PING_MS)).toEqual([1, 2, 3, 4])
    liveness.stop()
  })

  test('is gone two periods after it vanished at the latest, having missed two pings, whenever that is', () =>
    check(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 * PING_MS }), async (vanishesAfterMs) => {
        const { runtime, watched, liveness, startMs } = watch()
        // It answers at once, until it is not there any more.
        const answering = { ...watched }
        watched.ping = () => {
          answering.ping()
          if (runtime.now() - startMs < vanishesAfterMs) liveness.heard()
          return watched.pingedMs.length
        }
        await runtime.advance(vanishesAfterMs + 2 * PING_MS)
        const vanishedAtMs = startMs + vanishesAfterMs
        expect(watched.goneAtMs).toBeGreaterThan(vanishedAtMs)
        expect(watched.goneAtMs).toBeLessThanOrEqual(vanishedAtMs + 2 * PING_MS)
        expect(watched.pingedMs.filter((atMs) => atMs >= vanishedAtMs)).toHaveLength(2)
        liveness.stop()
      }),
    ))

  test('is gone only after two pings in a row without a word from it, and nothing is pinged past a sink that waits', () =>
    check(
      fc.asyncProperty(
        fc.array(fc.record({ heard: fc.boolean(), writable: fc.boolean() }), { maxLength: 40 }),
        async (halves) => {
          const { runtime, scheduler, watched, liveness } = watch()
          let unanswered = 0
          for (const { heard, writable } of halves) {
            watched.writable = writable
            const before = watched.pingedMs.length
            await runtime.advance(HALF_MS)
            if (watched.goneAtMs !== undefined) break
            const pings = watched.pingedMs.length - before
            expect(pings).toBeLessThanOrEqual(writable ? 1 : 0)
            unanswered = heard ? 0 : unanswered + pings
            if (heard) liveness.heard()
          }
          expect(unanswered === 2 || watched.goneAtMs === undefined).toBe(true)
          liveness.stop()
          expect([scheduler.pending, runtime.pendingTimers]).toEqual([0, 0])
        },
      ),
    ))
})
