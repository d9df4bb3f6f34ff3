import { check } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  beginDelivery,
  type DeliveryAdvance,
  type DeliveryCommand,
  type DeliveryRules,
  type DeliveryState,
  stepDelivery,
} from '../../src/webhooks/machine/delivery-machine.ts'

const RULES: DeliveryRules = {
  scheduleMs: [0, 50, 1_000, 20_000],
  jitter: 0.2,
  maxRetryAfterMs: 5_000,
  maxAgeMs: 100_000,
}
const START_MS = 1_700_000_000_000

/** What workers may do next. `behind`: by how many claims the speaker has been superseded; `lost`: so many claims said nothing. */
type Act =
  | { do: 'claim'; lost: number }
  | { do: 'hold'; behind: number; forMs: number; random: number }
  | { do: 'fail'; behind: number; retryAfterMs: number | undefined; random: number }
  | { do: 'succeed'; behind: number }
  | { do: 'give-up' }
  | { do: 'replay' }
  | { do: 'wait'; ms: number }

const behind = fc.constantFrom(0, 0, 0, 1, 2)
const random = fc.double({ min: 0, max: 1, noNaN: true })
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), lost: fc.constantFrom(0, 0, 0, 1, 3) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('hold' as const), behind, forMs: fc.nat({ max: 3_000 }), random }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('fail' as const),
        behind,
        retryAfterMs: fc.option(fc.nat({ max: 1_000_000 }), { nil: undefined }),
        random,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('succeed' as const), behind }) },
    { weight: 1, arbitrary: fc.constantFrom({ do: 'give-up' as const }, { do: 'replay' as const }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 40_000 }) }) },
  ),
  { maxLength: 40, size: 'max' },
)

interface Taken extends DeliveryAdvance {
  readonly command: DeliveryCommand
  readonly before: DeliveryState
  readonly nowMs: number
}

/** What the store does: it counts claims, and gives a delivery only when it is due. */
function run(script: readonly Act[]): Taken[] {
  const taken: Taken[] = []
  let [nowMs, leases] = [START_MS, 0]
  const begun = beginDelivery(nowMs, RULES, 0)
  let { state } = begun
  const apply = (command: DeliveryCommand): void => {
    const before = state
    const advance = stepDelivery(before, command, RULES)
    taken.push({ ...advance, command, before, nowMs })
    state = advance.state
  }
  for (const act of script) {
    const lease = leases - ('behind' in act ? act.behind : 0)
    if (act.do === 'wait') nowMs += act.ms
    else if (act.do === 'claim') apply({ type: 'claim', lease: (leases += 1 + act.lost), nowMs })
    else if (act.do === 'hold') apply({ type: 'hold', lease, nowMs, forMs: act.forMs, random: act.random })
    else if (act.do === 'give-up') apply({ type: 'give-up', nowMs, error: 'disabled' })
    else if (act.do === 'replay') apply({ type: 'replay', nowMs, lease: leases })
    else if (act.do === 'succeed')
      apply({ type: 'answer', lease, nowMs, made: { atMs: nowMs, durationMs: 1, status: 204 }, random: 0 })
    else {
      const made = { atMs: nowMs, durationMs: 1, status: 500, error: 'status' as const }
      apply({ type: 'answer', lease, nowMs, made, retryAfterMs: act.retryAfterMs, random: act.random })
    }
  }
  return taken
}

const always = (judge: (taken: Taken) => void): Promise<void> =>
  check(fc.property(acts, (script) => run(script).forEach(judge)))

describe('the delivery machine', () => {
  test('begins no more attempts than its schedule has, lost ones counted', () =>
    always(({ state }) => expect(state.attempt).toBeLessThanOrEqual(RULES.scheduleMs.length)))

  test('what is over stays over, until it is sent again by hand', () =>
    always(({ before, state, command, outcome }) => {
      if (before.phase === 'pending' || command.type === 'replay') return
      expect(outcome).toBe('closed')
      expect(state).toBe(before)
    }))

  test('a success is never forgotten, whoever else has the delivery by then', () =>
    always(({ before, state, command }) => {
      if (command.type !== 'answer' || command.made.error !== undefined || before.phase !== 'pending') return
      expect(state).toMatchObject({ phase: 'delivered', last: { status: 204 } })
    }))

  test('it is delivered by a success alone', () =>
    always(({ before, state, command }) => {
      if (before.phase === 'delivered' || state.phase !== 'delivered') return
      expect(command).toMatchObject({ type: 'answer', made: { status: 204 } })
    }))

  test('a failure of somebody who was superseded changes nothing', () =>
    always(({ before, state, command, outcome }) => {
      const speaks = command.type === 'answer' ? command.made.error !== undefined : command.type === 'hold'
      if (!speaks || before.phase !== 'pending' || !('lease' in command) || command.lease === before.lease) return
      expect(outcome).toBe('fenced')
      expect(state).toBe(before)
    }))

  test('the next attempt comes no earlier than planned and asked for, and no later than a fifth more', () =>
    always(({ before, state, command, dueInMs, nowMs }) => {
      if (command.type !== 'answer' || dueInMs === undefined) return
      const plannedMs = RULES.scheduleMs[before.attempt]!
      const askedMs = Math.min(command.retryAfterMs ?? 0, RULES.maxRetryAfterMs)
      expect(dueInMs).toBeGreaterThanOrEqual(Math.max(plannedMs, askedMs))
      expect(dueInMs).toBeLessThanOrEqual(Math.max(Math.ceil(plannedMs * 1.2), askedMs))
      expect(state.nextAtMs).toBe(nowMs + dueInMs)
    }))

  test('what is held back does not count as an attempt', () =>
    always(({ before, state, command, outcome }) => {
      if (command.type === 'hold' && outcome === 'ok') expect(state.attempt).toBe(before.attempt - 1)
    }))

  test('after its last attempt, and once it is too old, it is not tried again', () =>
    always(({ before, state, command, outcome, nowMs, dueInMs }) => {
      if (outcome !== 'ok' || (command.type !== 'answer' && command.type !== 'hold')) return
      const isOld = nowMs - before.sinceMs >= RULES.maxAgeMs
      const isLast = command.type === 'answer' && before.attempt === RULES.scheduleMs.length
      if (!isOld && !isLast) return
      expect(state.phase).not.toBe('pending')
      expect(dueInMs).toBeUndefined()
    }))

  test('it is due at some time exactly while it waits and nobody has it', () =>
    always(({ state, command, outcome, dueInMs }) => {
      if (outcome !== 'ok') return expect(dueInMs).toBeUndefined()
      const waits = state.phase === 'pending' && command.type !== 'claim'
      expect(dueInMs !== undefined).toBe(waits)
      return expect(state.nextAtMs !== undefined).toBe(waits)
    }))

  test('sent again, it has its next attempt at once, or all of them anew, and keeps what it knows of the last one', () =>
    always(({ before, state, command, outcome, nowMs, dueInMs }) => {
      if (command.type !== 'replay') return
      if (before.phase === 'pending' && before.nextAtMs === undefined)
        return expect([outcome, state]).toEqual(['held', before])
      if (before.phase === 'pending') return expect([dueInMs, state]).toEqual([0, { ...before, nextAtMs: nowMs }])
      expect(dueInMs).toBe(0)
      return expect(state).toEqual({
        phase: 'pending',
        attempt: 0,
        lease: command.lease,
        sinceMs: nowMs,
        nextAtMs: nowMs,
        ...(before.last && { last: before.last }),
      })
    }))
})

test('claims that said nothing are attempts that were lost, and one lost too often fails', () => {
  const { state: begun } = beginDelivery(START_MS, RULES, 0)
  const first = stepDelivery(begun, { type: 'claim', lease: 3, nowMs: START_MS }, RULES)
  expect(first).toMatchObject({ outcome: 'ok', state: { attempt: 3, lease: 3 } })
  const last = stepDelivery(begun, { type: 'claim', lease: 5, nowMs: START_MS }, RULES)
  expect(last).toMatchObject({ outcome: 'closed', state: { phase: 'failed', error: 'lost', attempt: 4 } })
  expect(stepDelivery(begun, { type: 'claim', lease: 4, nowMs: START_MS }, RULES).outcome).toBe('ok')
})
