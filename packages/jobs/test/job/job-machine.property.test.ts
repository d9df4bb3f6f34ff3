import type { EndEvent } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { beginJob, isOver, type JobAdvance, type JobCommand, type JobState, stepJob } from '../../src/index.ts'

const END: Record<string, EndEvent> = {
  complete: { type: 'end', reason: 'stop', complete: true },
  failed: {
    type: 'end',
    reason: 'error',
    complete: false,
    cause: 'source',
    error: { code: 'SLUICE_ERR_SOURCE', message: 'x' },
  },
  lost: { type: 'end', reason: 'interrupted', complete: false, cause: 'lease' },
  cancelled: { type: 'end', reason: 'cancelled', complete: false, cause: 'client' },
}
const attempt = fc.integer({ min: 0, max: 4 })
const nowMs = fc.integer({ min: 0, max: 2_000 })
const command: fc.Arbitrary<JobCommand> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('claim' as const), nowMs }) },
  fc.record({ type: fc.constant('stream' as const), attempt, stream: fc.constantFrom('a', 'b') }),
  fc.record({
    type: fc.constant('step' as const),
    attempt,
    step: fc.record({ name: fc.constant('plan'), index: fc.nat(9) }),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('end' as const),
      attempt,
      nowMs,
      end: fc.constantFrom(...Object.values(END)),
      again: fc.option(fc.record({ afterMs: fc.nat(100) }), { nil: undefined }),
    }),
  },
  fc.record({ type: fc.constant('give-back' as const), attempt, nowMs, afterMs: fc.nat(100) }),
  fc.record({ type: fc.constant('cancel' as const), nowMs }),
  fc.record({ type: fc.constant('expire' as const), nowMs }),
)
const rules = fc.record({ attempts: fc.integer({ min: 1, max: 3 }), waitMs: fc.integer({ min: 1, max: 1_500 }) })

/** Runs commands; gives every state with what led there. */
function run(
  commands: readonly JobCommand[],
  bounds: { attempts: number; waitMs: number },
): [JobCommand, JobState, JobAdvance][] {
  let state = beginJob(0)
  return commands.map((next) => {
    const before = state
    const advance = stepJob(before, next, bounds)
    state = advance.state
    return [next, before, advance]
  })
}

const history = fc.tuple(fc.array(command, { maxLength: 40 }), rules)

describe('a job', () => {
  test('ends once: nothing becomes of it afterwards, whatever is said', () => {
    fc.assert(
      fc.property(history, ([commands, bounds]) => {
        for (const [, before, { state, outcome }] of run(commands, bounds)) {
          if (!isOver(before)) continue
          expect(state).toBe(before)
          expect(['closed', 'duplicate']).toContain(outcome)
        }
      }),
    )
  })

  test('never begins more attempts than it may', () => {
    fc.assert(
      fc.property(history, ([commands, bounds]) => {
        let begun = 0
        for (const [next, , { state, outcome }] of run(commands, bounds)) {
          if (next.type === 'claim' && outcome === 'ok') begun++
          if (next.type === 'give-back' && outcome === 'ok') begun--
          expect(state.attempt).toBe(begun)
          expect(begun).toBeLessThanOrEqual(bounds.attempts)
        }
      }),
    )
  })

  test('is changed by the attempt that runs alone', () => {
    fc.assert(
      fc.property(history, ([commands, bounds]) => {
        for (const [next, before, { state, outcome }] of run(commands, bounds)) {
          if (!('attempt' in next)) continue
          const rules = before.phase === 'running' && next.attempt === before.attempt
          expect(['ok', 'duplicate'].includes(outcome)).toBe(rules)
          if (!rules) expect(state).toBe(before)
        }
      }),
    )
  })

  test('says that it succeeded only when an attempt was complete, and runs only with an attempt', () => {
    fc.assert(
      fc.property(history, ([commands, bounds]) => {
        for (const [next, before, { state }] of run(commands, bounds)) {
          if (state.phase === 'succeeded' && before.phase !== 'succeeded')
            expect(next.type === 'end' && next.end.complete).toBe(true)
          if (state.phase === 'running') expect(state.attempt).toBeGreaterThan(0)
          if (state.phase === 'queued') expect(state.endedAtMs).toBeUndefined()
          expect(state.endedAtMs !== undefined).toBe(isOver(state))
        }
      }),
    )
  })

  test('can always be brought to an end: by a cancel at once, by claims alone in as many as it may', () => {
    fc.assert(
      fc.property(history, ([commands, bounds]) => {
        const last = run(commands, bounds).at(-1)?.[2].state ?? beginJob(0)
        expect(isOver(stepJob(last, { type: 'cancel', nowMs: 0 }, bounds).state)).toBe(true)
        let state = last
        for (let claim = 0; claim <= bounds.attempts; claim++)
          state = stepJob(state, { type: 'claim', nowMs: 0 }, bounds).state
        expect(isOver(state)).toBe(true)
      }),
    )
  })
})
