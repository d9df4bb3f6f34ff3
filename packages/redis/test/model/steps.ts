import type { OnDisconnect } from '@sluice/core'
import fc from 'fast-check'

/** What happens next; indices are taken modulo what there is. */
export type Step =
  | { do: 'say'; count: number }
  | { do: 'finish' | 'fail' | 'trim' | 'save' | 'restore' | 'lapse' }
  | { do: 'wipe' }
  | { do: 'wait'; ms: number }
  | { do: 'attach'; at: number; after: 'start' | 'now' | number }
  | { do: 'detach'; which: number }
  | { do: 'cancel' | 'drop' | 'swallow' | 'crash'; at: number }
  | { do: 'pause'; at: number; ms: number }

/** One stream's life. */
export interface Script {
  readonly onDisconnect: OnDisconnect
  readonly steps: readonly Step[]
}

const at = fc.nat({ max: 2 })
const only = <Do extends Step['do']>(name: Do): fc.Arbitrary<Do> => fc.constant(name)

const step: fc.Arbitrary<Step> = fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
  { weight: 10, arbitrary: fc.record({ do: only('say'), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ do: only('wait'), ms: fc.constantFrom(1, 10, 50, 250, 800) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: only('attach'),
      at,
      after: fc.oneof(fc.constantFrom('start' as const, 'now' as const), fc.nat({ max: 9 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: only('detach'), which: fc.nat({ max: 9 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('drop' as const, 'swallow' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: only('pause'), at, ms: fc.constantFrom(50, 300) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'crash' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('lapse' as const, 'trim' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('save' as const, 'restore' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'fail' as const, 'wipe' as const) }) },
)

/** Scripts of faults and readers. */
export const scripts: fc.Arbitrary<Script> = fc.record({
  onDisconnect: fc.constantFrom<OnDisconnect>({ graceMs: 2_000 }, { graceMs: 15_000 }, 'continue', 'cancel'),
  steps: fc.array(step, { minLength: 5, maxLength: 16 }),
})
