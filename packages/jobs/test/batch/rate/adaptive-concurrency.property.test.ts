import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { AdaptiveConcurrency, type BegunRequest } from '../../../src/batch/rate/adaptive-concurrency.ts'

const steps = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 5_000 }),
    /** Which of those that run ends, if one does. */
    ends: fc.option(fc.nat()),
    outcome: fc.constantFrom(
      'ok' as const,
      'ok' as const,
      'ok' as const,
      'limited' as const,
      'failed' as const,
      'void' as const,
    ),
    retryAfterMs: fc.constantFrom(0, 0, 0, 700, 10 ** 9, Infinity),
  }),
  { maxLength: 400 },
)

test('whatever comes of requests, the limit stays between 1 and its bound, and nothing begins above it or in a pause', async () => {
  await check(
    fc.property(fc.integer({ min: 1, max: 40 }), steps, (max, script) => {
      const concurrency = new AdaptiveConcurrency({ max })
      const running: BegunRequest[] = []
      let nowMs = 0
      let pausedUntilMs = 0
      for (const { afterMs, ends, outcome, retryAfterMs } of script) {
        nowMs += afterMs
        if (ends !== null && running.length > 0) {
          const [begun] = running.splice(ends % running.length, 1)
          concurrency.end(begun!, nowMs, outcome, retryAfterMs)
          // What a backend may ask for has a bound of five minutes.
          pausedUntilMs = Math.max(pausedUntilMs, nowMs + Math.min(retryAfterMs, 300_000))
        }
        expect(concurrency.limit).toBeGreaterThanOrEqual(1)
        expect(concurrency.limit).toBeLessThanOrEqual(max)
        while (concurrency.waitMs(nowMs) === 0) {
          expect(nowMs).toBeGreaterThanOrEqual(pausedUntilMs)
          expect(running.length).toBeLessThan(concurrency.limit)
          running.push(concurrency.begin(nowMs))
        }
        expect(concurrency.running).toBe(running.length)
        const waitMs = concurrency.waitMs(nowMs)
        expect(waitMs).toBe(running.length >= concurrency.limit ? Infinity : pausedUntilMs - nowMs)
      }
    }),
    { numRuns: 300 },
  )
})
