import type { EndEvent } from '@sluice/core'
import type { Logged } from '@sluice/core/extend'
import fc from 'fast-check'

import { CUT, STOP } from './rig.ts'

/**
 * What may be done to a store. `which` counts the streams begun so far, `at` the stores on one set of data, round and
 * round. What only a producer does is done where its stream began.
 */
export type StoreCommand =
  | (Asked & { do: 'begin'; at: number })
  | { do: 'append'; which: number; event: Logged }
  | { do: 'close'; which: number; end: EndEvent; at: number }
  | { do: 'erase'; which: number; at: number }
  | { do: 'renew'; which: number[]; leaseMs: number }
  | { do: 'pass'; ms: number }

/** A start. */
export interface Asked {
  tenant: string
  owner: string
  key?: string | undefined
  repeat?: string | undefined
  print: string
}

const which = fc.nat({ max: 20 })
const at = fc.nat({ max: 1 })
/** Few, so that they meet; and such that careless joining makes some alike. */
const tenant = fc.constantFrom('', 'a', 'a:b', '1:a')
const owner = fc.constantFrom('x', 'xi', '1:x')
const key = fc.constantFrom(undefined, 'c', 'b:c', ':ac')
const repeat = fc.constantFrom(undefined, undefined, 'i', 'ii', 'xi')

const event: fc.Arbitrary<Logged> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', ' b', 'ü', '日本', '😀', '\r\n\r\n', '\0', 'x'.repeat(300)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Logged>(
      { type: 'reasoning', text: 'so' },
      { type: 'text', text: 'other', choice: 1 },
      { type: 'tool', phase: 'call', id: 't', name: 'look' },
      { type: 'tool', phase: 'args', id: 't', text: '{}' },
      { type: 'data', name: 'step', data: { of: [1, null] } },
      { type: 'usage', usage: { outputTokens: 7 } },
      { type: 'finish', reason: 'stop' },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(STOP, CUT) },
)

function one<Do extends string, Rest extends object>(
  name: Do,
  rest: { [Name in keyof Rest]: fc.Arbitrary<Rest[Name]> },
): fc.Arbitrary<{ do: Do } & Rest> {
  return fc.record(rest).map((fields) => ({ do: name, ...(fields as Rest) }))
}

/** Lists of commands; time passes only where the suite can move it. */
export function storeCommands(virtual: boolean, maxMs: number): fc.Arbitrary<StoreCommand[]> {
  // A lease that lapses while the suite looks away is a matter for whoever takes streams over.
  const leases = virtual ? fc.constantFrom(1, 100) : fc.constant(10_000)
  const command = fc.oneof<fc.MaybeWeightedArbitrary<StoreCommand>[]>(
    { weight: 4, arbitrary: one('begin', { tenant, owner, key, repeat, print: fc.constantFrom('f', 'g'), at }) },
    { weight: 8, arbitrary: one('append', { which, event }) },
    { weight: 2, arbitrary: one('close', { which, end: fc.constantFrom(CUT, STOP), at }) },
    { weight: 1, arbitrary: one('erase', { which, at }) },
    {
      weight: 1,
      arbitrary: one('renew', { which: fc.array(which, { maxLength: 3 }), leaseMs: leases }),
    },
    { weight: virtual ? 1 : 0, arbitrary: one('pass', { ms: fc.nat({ max: maxMs }) }) },
  )
  return fc.array(command, { maxLength: 40, size: 'max' })
}
