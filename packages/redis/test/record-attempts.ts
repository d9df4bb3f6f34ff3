import type { EndEvent } from '@sluice/core'
import fc from 'fast-check'

/** The source finished. */
export const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }
/** Somebody else ended it. */
export const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }
/** So long that the time a test takes is nothing beside it: time passes when the test says so. */
export const LEASE_MS = 10_000_000
/** Who waits for leases waits this much more: a lease is never judged in the very millisecond in which it lapses. */
export const MORE_MS = 1_000

/** What a producer, somebody outside, or a third party tries next; epochs and positions are relative to the record. */
export type Attempt =
  | { do: 'append'; epochsBehind: number; behind: number; count: number; end: boolean; repliesLost: number }
  | { do: 'repeat'; which: number }
  | { do: 'renew'; epochsBehind: number }
  | { do: 'expire'; lapsedLeases: number }
  | { do: 'close' | 'erase' }
  | { do: 'takeOver'; leap: number }
  | { do: 'wait'; leases: number }
  /** A third party: cuts the log down to its last entries, deletes it, deletes the stream. */
  | { do: 'xtrim'; keep: number }
  | { do: 'deleteLog' | 'deleteMeta' }

/** Lists of attempts; without a third party only what sluice does itself. */
export function attemptLists({ thirdParty }: { thirdParty: boolean }): fc.Arbitrary<Attempt[]> {
  const own: fc.MaybeWeightedArbitrary<Attempt>[] = [
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        epochsBehind: fc.constantFrom(0, 0, 0, 0, 1, -1),
        behind: fc.constantFrom(0, 0, 0, 0, 1, 3, -1, -2),
        count: fc.integer({ min: 1, max: 4 }),
        end: fc.constantFrom(false, false, false, false, true),
        repliesLost: fc.constantFrom(0, 0, 0, 1, 2),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat({ max: 20 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('renew' as const), epochsBehind: fc.constantFrom(0, 0, 1, -1) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('expire' as const), lapsedLeases: fc.constantFrom(0, 0, 1, 2) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'close' }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('takeOver' as const), leap: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), leases: fc.integer({ min: 1, max: 3 }) }) },
  ]
  const others: fc.MaybeWeightedArbitrary<Attempt>[] = [
    { weight: 1, arbitrary: fc.constant({ do: 'erase' }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('xtrim' as const), keep: fc.nat({ max: 3 }) }) },
    { weight: 1, arbitrary: fc.constantFrom({ do: 'deleteLog' as const }, { do: 'deleteMeta' as const }) },
  ]
  return fc.array(fc.oneof(...own, ...(thirdParty ? others : [])), { maxLength: 40 })
}
