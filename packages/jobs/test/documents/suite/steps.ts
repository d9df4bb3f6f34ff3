import fc from 'fast-check'

import { type DocumentStoreDriver, LONG_MS } from './rig.ts'

export const KINDS = ['job', 'delivery']
export const IDS = ['a', 'b', 'c', 'd', 'e']
export const SCOPES = ['', 's', '😀\0']
export const STATES = ['queued', 'running', 'ended']

export type Step =
  | { readonly do: 'write'; readonly writes: readonly StepWrite[]; readonly bound: StepBound | undefined }
  | ({ readonly do: 'claim'; readonly kind: string; readonly from: readonly string[]; readonly to: string } & StepClaim)
  | {
      readonly do: 'renew'
      readonly kind: string
      readonly id: string
      readonly back: number
      readonly leaseMs: number
    }
  | {
      readonly do: 'list'
      readonly kind: string
      readonly scope: string
      readonly state: string | undefined
      readonly after: string | undefined
      readonly limit: number
    }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'restart' }

interface StepWrite {
  readonly kind: string
  readonly id: string
  /** What the version that is given is more than the one there is. */
  readonly off: number
  readonly value: number | undefined
  readonly place: { readonly scope: string; readonly state: string; readonly priority: number | undefined }
  readonly dueInMs: number | undefined
  readonly forgetInMs: number | undefined
}

interface StepBound {
  readonly kind: string
  readonly scope: string | undefined
  readonly state: string
  readonly atMost: number
}

interface StepClaim {
  readonly leaseMs: number
  readonly limit: number
  readonly perScope: number | undefined
  readonly id: string | undefined
  readonly olderThanMs: number | undefined
}

/** Times that come in a run, where they can; else now and never. */
export function arbitrarySteps({ time, survives }: DocumentStoreDriver): fc.Arbitrary<Step[]> {
  const isExact = time === 'virtual'
  const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
    fc.option(arbitrary, { nil: undefined })
  const kind = fc.constantFrom(...KINDS)
  const id = fc.constantFrom(...IDS)
  const scope = fc.constantFrom(...SCOPES)
  const state = fc.constantFrom(...STATES)
  const laterMs = isExact ? fc.constantFrom(10, 20, 35, LONG_MS) : fc.constant(LONG_MS)
  const priority = maybe(fc.integer({ min: -1, max: 1 }))
  const write = fc.record<StepWrite>({
    kind,
    id,
    off: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-1, 1) }),
    value: fc.oneof({ weight: 6, arbitrary: fc.nat(9) }, { weight: 1, arbitrary: fc.constant(undefined) }),
    place: fc.record({ scope, state, priority }),
    dueInMs: fc.oneof(fc.constant(0), fc.constant(0), maybe(laterMs)),
    forgetInMs: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: laterMs }),
  })
  const writes = fc.uniqueArray(write, { minLength: 1, maxLength: 3, selector: (each) => `${each.kind} ${each.id}` })
  const bound = fc.record<StepBound>({ kind, scope: maybe(scope), state, atMost: fc.nat(3) })
  const claim = fc.record({
    do: fc.constant('claim' as const),
    kind,
    from: fc.uniqueArray(state, { minLength: 1, maxLength: 2 }),
    to: state,
    leaseMs: laterMs,
    limit: fc.integer({ min: 1, max: 4 }),
    perScope: maybe(fc.integer({ min: 1, max: 2 })),
    id: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: id }),
    olderThanMs: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: isExact ? fc.constantFrom(0, 10, 20) : fc.constantFrom(0, LONG_MS) },
    ),
  })
  return fc.array(
    fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
      {
        weight: 8,
        arbitrary: fc.record({
          do: fc.constant('write' as const),
          writes,
          bound: fc.option(bound, { nil: undefined, freq: 3 }),
        }),
      },
      { weight: 5, arbitrary: claim },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('renew' as const),
          kind,
          id,
          back: fc.constantFrom(0, 0, 0, 1),
          leaseMs: laterMs,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('list' as const),
          kind,
          scope,
          state: maybe(state),
          after: maybe(id),
          limit: fc.integer({ min: 1, max: 3 }),
        }),
      },
      {
        weight: isExact ? 4 : 0,
        arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 5, 10, 30) }),
      },
      { weight: survives ? 1 : 0, arbitrary: fc.constant({ do: 'restart' as const }) },
    ),
    { maxLength: 40, size: 'max' },
  )
}
