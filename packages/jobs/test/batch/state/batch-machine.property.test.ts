import fc from 'fast-check'
import { check } from '@sluice/testing'
import { expect, test } from 'vitest'

import {
  type BatchCommand,
  type BatchCounts,
  type BatchPhase,
  type BatchState,
  beginBatch,
  finishedOf,
  isBatchOver,
  restOf,
  stepBatch,
} from '../../../src/batch/state/batch-machine.ts'

const WINDOW_MS = 1_000
const OVER: readonly BatchPhase[] = ['completed', 'failed', 'expired', 'cancelled']

/** Which phase may follow which. */
const MAY_FOLLOW: Readonly<Record<BatchPhase, readonly BatchPhase[]>> = {
  validating: ['in_progress', 'failed', 'cancelling'],
  in_progress: ['finalizing', 'cancelling'],
  finalizing: ['completed', 'failed', 'expired', 'cancelling'],
  cancelling: ['cancelled'],
  completed: [],
  failed: [],
  expired: [],
  cancelled: [],
}

const problem = { code: 'empty_file', message: 'It is empty.', param: null, line: null }
const counts = fc.record({ succeeded: fc.nat(4), failed: fc.nat(2), cancelled: fc.nat(2), expired: fc.nat(2) })

/** Commands with how much later than the one before they come. */
const commands = fc.array(
  fc.tuple(
    fc.nat(400),
    fc.oneof(
      fc.record({ type: fc.constant('accept' as const), total: fc.integer({ min: 1, max: 4 }) }),
      fc.constant({ type: 'refuse' as const, problems: [problem] }),
      fc.record({ type: fc.constant('count' as const), counts }),
      fc.constantFrom({ type: 'cancel' as const }, { type: 'expire' as const }, { type: 'finish' as const }),
      fc.constant({ type: 'lose' as const, problem }),
      fc.constant({ type: 'finish' as const }),
    ),
  ),
  { maxLength: 16 },
)

function run(
  steps: readonly (readonly [number, object])[],
  seen: (before: BatchState, after: BatchState) => void = () => {},
): BatchState {
  let state = beginBatch(0, WINDOW_MS)
  let nowMs = 0
  for (const [passedMs, command] of steps) {
    nowMs += passedMs
    const { state: next, outcome } = stepBatch(state, { ...command, nowMs } as BatchCommand)
    // Nothing changes without a word, and nothing is said to be done that was not.
    expect(next === state).toBe(outcome !== 'ok')
    seen(state, next)
    state = next
  }
  return state
}

test('a batch goes from phase to phase as OpenAI names them, and ends once', () =>
  check(
    fc.property(commands, (steps) => {
      run(steps, (before, after) => {
        if (after.phase !== before.phase) expect(MAY_FOLLOW[before.phase]).toContain(after.phase)
        if (isBatchOver(before)) expect(after).toBe(before)
        expect(isBatchOver(after)).toBe(OVER.includes(after.phase))
        expect(isBatchOver(after)).toBe(after.endedAtMs !== undefined)
      })
    }),
  ))

test('what is finished stays finished, and never more than there is', () =>
  check(
    fc.property(commands, (steps) => {
      run(steps, ({ counts: before }, { counts: after, inProgressAtMs }) => {
        for (const name of Object.keys(before) as (keyof BatchCounts)[]) {
          expect(after[name]).toBeGreaterThanOrEqual(before[name])
        }
        expect(finishedOf(after)).toBeLessThanOrEqual(after.total)
        if (inProgressAtMs === undefined) expect(after.total).toBe(0)
      })
    }),
  ))

test('it is over only when every line is finished, or when nobody can say what is missing', () =>
  check(
    fc.property(commands, (steps) => {
      const { phase, counts: counted, problems, ending } = run(steps)
      if (!OVER.includes(phase)) return
      expect(ending).toBe(phase)
      if (phase === 'completed') expect(problems).toBeUndefined()
      if (phase === 'failed') expect(problems).toHaveLength(1)
      if (problems === undefined) expect(finishedOf(counted)).toBe(counted.total)
    }),
  ))

test('a cancel is heard once and for all, until the end is certain otherwise', () =>
  check(
    fc.property(commands, fc.nat(16), (steps, at) => {
      const before = run(steps.slice(0, at))
      const cancelled = stepBatch(before, { type: 'cancel', nowMs: 10_000 })
      const again = stepBatch(cancelled.state, { type: 'cancel', nowMs: 20_000 })
      expect(again.state).toBe(cancelled.state)
      expect(again.outcome).not.toBe('ok')
      if (isBatchOver(before)) expect(cancelled.outcome).toBe('closed')
      else if (cancelled.outcome === 'ok') expect(restOf(cancelled.state)).toBe('cancelled')
    }),
  ))

test('no request begins once its time is over', () => {
  let { state } = stepBatch(beginBatch(0, WINDOW_MS), { type: 'accept', nowMs: 1, total: 2 })
  expect(stepBatch(state, { type: 'expire', nowMs: WINDOW_MS - 1 }).outcome).toBe('held')
  state = stepBatch(state, { type: 'expire', nowMs: WINDOW_MS }).state
  expect([state.phase, restOf(state)]).toEqual(['finalizing', 'expired'])
  expect(stepBatch(state, { type: 'finish', nowMs: WINDOW_MS }).outcome).toBe('held')
  const two = { succeeded: 1, failed: 0, cancelled: 0, expired: 1 }
  state = stepBatch(state, { type: 'count', counts: two }).state
  expect(stepBatch(state, { type: 'finish', nowMs: WINDOW_MS + 1 }).state.phase).toBe('expired')
})
