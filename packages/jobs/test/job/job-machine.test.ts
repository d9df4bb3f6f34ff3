import { describe, expect, test } from 'vitest'

import { beginJob, type JobCommand, type JobState, stepJob } from '../../src/index.ts'

const RULES = { attempts: 2, waitMs: 1_000 }
const FAILED = {
  type: 'end',
  reason: 'error',
  complete: false,
  cause: 'source',
  error: { code: 'X', message: 'no' },
} as const

function after(...commands: JobCommand[]): JobState {
  return commands.reduce((state, command) => stepJob(state, command, RULES).state, beginJob(0))
}

describe('a job', () => {
  test('waits again after an attempt that failed, with what went wrong, and fails with the last one', () => {
    const again = { afterMs: 50 }
    const once = after({ type: 'claim', nowMs: 10 }, { type: 'end', attempt: 1, nowMs: 20, end: FAILED, again })
    expect(once).toMatchObject({ phase: 'queued', attempt: 1, notBeforeMs: 70, error: { message: 'no' } })
    const { state } = stepJob(once, { type: 'claim', nowMs: 80 }, RULES)
    expect(state).toMatchObject({ phase: 'running', attempt: 2, startedAtMs: 10 })
    expect(stepJob(state, { type: 'end', attempt: 2, nowMs: 90, end: FAILED, again }, RULES).state).toMatchObject({
      phase: 'failed',
      endedAtMs: 90,
      error: { message: 'no' },
    })
  })

  test('whose workers are gone each time fails once all attempts were begun, in words that say so', () => {
    const lost = after({ type: 'claim', nowMs: 1 }, { type: 'claim', nowMs: 2 }, { type: 'claim', nowMs: 3 })
    expect(lost).toMatchObject({
      phase: 'failed',
      attempt: 2,
      error: { code: 'SLUICE_ERR_ATTEMPTS', message: expect.stringContaining('2 times') },
    })
  })

  test('expires when nobody has begun it in time, and not once an attempt was made', () => {
    expect(after({ type: 'expire', nowMs: 999 }).phase).toBe('queued')
    expect(after({ type: 'expire', nowMs: 1_000 })).toMatchObject({
      phase: 'expired',
      error: { code: 'SLUICE_ERR_EXPIRED' },
    })
    expect(after({ type: 'claim', nowMs: 1_000 }).phase).toBe('expired')
    const again = after(
      { type: 'claim', nowMs: 1 },
      { type: 'end', attempt: 1, nowMs: 2, end: FAILED, again: { afterMs: 0 } },
    )
    expect(stepJob(again, { type: 'claim', nowMs: 5_000 }, RULES).outcome).toBe('ok')
  })

  test('that failed can be tried again, with all of its attempts; one that was cancelled cannot', () => {
    const failed = after({ type: 'claim', nowMs: 1 }, { type: 'end', attempt: 1, nowMs: 2, end: FAILED })
    expect(stepJob(failed, { type: 'retry', nowMs: 5 }, RULES)).toMatchObject({
      outcome: 'ok',
      state: { phase: 'queued', attempt: 0, createdAtMs: 5 },
    })
    expect(stepJob(after({ type: 'cancel', nowMs: 1 }), { type: 'retry', nowMs: 5 }, RULES).outcome).toBe('closed')
  })

  test('that was given back has lost no attempt, and the stream that came of it', () => {
    const back = after(
      { type: 'claim', nowMs: 1 },
      { type: 'stream', attempt: 1, stream: 's' },
      { type: 'give-back', attempt: 1, nowMs: 2, afterMs: 5 },
    )
    expect(back).toEqual({ phase: 'queued', attempt: 0, createdAtMs: 0, startedAtMs: 1, notBeforeMs: 7 })
  })
})
