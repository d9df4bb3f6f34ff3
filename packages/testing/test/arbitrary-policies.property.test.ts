import { chunkerOf, type PolicyReader, type PolicyView } from '@sluice/core'
import { check, lawfulPolicies, SEED, unlawfulPolicies } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const view: PolicyView = {
  position: 3,
  pending: 5,
  pendingBytes: 200,
  oldestMs: 12,
  live: true,
  writable: true,
  loopLagMs: 0,
  ended: false,
  text: () => 'a b c\nd',
  pieces: () => ['a ', 'b ', 'c', '\n', 'd'],
  sinceLastMs: 20,
  windowHeld: false,
  wishes: {},
}
const reader: PolicyReader = { wishes: {}, resumed: false, backlogEvents: 0 }

describe('policies', () => {
  test('lawful ones give whole numbers, bounds within range, and decide alike in readings that go alike', () =>
    check(
      fc.property(lawfulPolicies(), fc.array(fc.nat({ max: 40 }), { maxLength: 5 }), (policy, positions) => {
        const [chunker, other] = [chunkerOf(policy, reader), chunkerOf(policy, reader)]
        for (const position of positions.toSorted((a, b) => a - b)) {
          const taken = chunker.take({ ...view, position })
          expect(other.take({ ...view, position })).toBe(taken)
          expect(Number.isInteger(taken) || taken === Infinity).toBe(true)
          const boundMs =
            typeof chunker.boundMs === 'function' ? chunker.boundMs({ ...view, position }) : (chunker.boundMs ?? 0)
          expect(boundMs).toBeGreaterThanOrEqual(0)
          expect(boundMs).toBeLessThanOrEqual(policy.maxDelayMs)
        }
      }),
    ))

  test('lawful ones are pure, and stateful with bounds that are constant and by phase', () => {
    const kindOf = (policy: ReturnType<typeof samples>[number]): string =>
      policy.create ? typeof chunkerOf(policy, reader).boundMs : 'pure'
    const samples = () => fc.sample(lawfulPolicies(), { numRuns: 200, seed: SEED })
    expect(new Set(samples().map(kindOf))).toEqual(new Set(['pure', 'number', 'function']))
  })

  test('unlawful ones throw, and give NaN, fractions and other types', () => {
    const policies = fc.sample(unlawfulPolicies(), { numRuns: 3000, seed: SEED })
    const outcomes = policies.map((policy) => {
      try {
        return chunkerOf(policy, reader).take(view) as unknown
      } catch (error) {
        return error instanceof TypeError ? 'refused' : 'thrown'
      }
    })
    expect(outcomes).toEqual(expect.arrayContaining(['thrown', 'refused', NaN, 0.5, undefined, '3', -Infinity]))
  })
})
