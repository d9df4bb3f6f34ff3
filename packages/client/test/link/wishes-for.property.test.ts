import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { type Measure, wishesFor } from '../../src/link/control/wishes-for.ts'

test.each<[string, Measure, object]>([
  ['nothing', {}, {}],
  ['a short round trip', { rttMs: 3 }, { maxDelayMs: 16 }],
  ['a round trip', { rttMs: 150 }, { maxDelayMs: 50 }],
  ['a long one', { rttMs: 2_000 }, { maxDelayMs: 120 }],
  ['what the device says of it', { rtt: 150 }, { maxDelayMs: 50 }],
  ['what was measured, before what the device says', { rttMs: 60, rtt: 300 }, { maxDelayMs: 20 }],
  ['a device that says 0, which is no round trip', { rtt: 0 }, {}],
  ['a slow network', { effectiveType: '3g', rttMs: 30 }, { maxDelayMs: 100 }],
  ['a slower one', { effectiveType: 'slow-2g', paintRate: 30 }, { maxDelayMs: 250 }],
  ['somebody who saves data', { saveData: true, rttMs: 3, effectiveType: '4g' }, { maxDelayMs: 250 }],
  ['a page that paints', { rttMs: 3, paintRate: 312 }, { maxDelayMs: 16, maxTokens: 32 }],
  ['one that hardly does', { paintRate: 0.5 }, { maxTokens: 1 }],
])('by %s', (_, measure, wishes) => {
  expect(wishesFor(measure)).toEqual(wishes)
})

test('whatever was measured, the server may be asked for it', () =>
  check(
    fc.property(
      fc.record(
        {
          rttMs: fc.double({ min: 0.001, max: 1e9, noNaN: true }),
          rtt: fc.nat(),
          paintRate: fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
          saveData: fc.boolean(),
          effectiveType: fc.constantFrom('slow-2g', '2g', '3g', '4g', 'other'),
        },
        { requiredKeys: [] },
      ),
      (measure) => {
        const { maxDelayMs = 1, maxTokens = 1 } = wishesFor(measure)
        expect(Number.isInteger(maxDelayMs) && maxDelayMs >= 1 && maxDelayMs <= 60_000).toBe(true)
        expect(Number.isInteger(maxTokens) && maxTokens >= 1 && maxTokens <= 65_536).toBe(true)
      },
    ),
  ))
