import type { EndEvent, WireError } from '@sluice/core'

/** What becomes of a job. The last four are for ever. */
export type JobPhase = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired'

/** One step that an attempt has begun: the second of four, say. */
export interface JobStep {
  readonly name: string
  /** 1 is the first. */
  readonly index: number
  /** How many there are, where it is known. */
  readonly of?: number | undefined
  /** What it says to whoever waits. */
  readonly message?: string | undefined
}

/** What is known of a job and changes. Times are milliseconds since 1970, by the clock of who says them. */
export interface JobState {
  readonly phase: JobPhase
  /** How many attempts have begun; those that were given back do not count. */
  readonly attempt: number
  /** The stream of the attempt that runs, or of the last one. */
  readonly stream?: string | undefined
  /** The step that was begun last, in this attempt. */
  readonly step?: JobStep | undefined
  /** When the next attempt may begin. */
  readonly notBeforeMs?: number | undefined
  readonly createdAtMs: number
  readonly startedAtMs?: number | undefined
  readonly endedAtMs?: number | undefined
  /** Why the last attempt did not succeed. */
  readonly error?: WireError | undefined
}

/** What bounds a job. */
export interface JobRules {
  /** How many attempts may begin. */
  readonly attempts: number
  /** How long it may wait for its first attempt, in milliseconds. */
  readonly waitMs: number
}

/** What may happen to a job. An attempt speaks with its number: one that was superseded is heard no more. */
export type JobCommand =
  /** A worker has the job: its next attempt begins. Whoever had it before is gone, and the store has said that it is time. */
  | { type: 'claim'; nowMs: number }
  /** The attempt has this stream. */
  | { type: 'stream'; attempt: number; stream: string }
  | { type: 'step'; attempt: number; step: JobStep }
  /** The attempt has ended. `again`: another one may begin after so many milliseconds. */
  | { type: 'end'; attempt: number; nowMs: number; end: EndEvent; again?: { afterMs: number } | undefined }
  /** The attempt was never made: its worker was not let in, or shuts down. */
  | { type: 'give-back'; attempt: number; nowMs: number; afterMs: number }
  | { type: 'cancel'; nowMs: number }
  /** Nobody has begun it in time. */
  | { type: 'expire'; nowMs: number }
  /** A job that failed begins anew, with all of its attempts. */
  | { type: 'retry'; nowMs: number }

/** `ok`: done. `duplicate`: had been done before. `fenced`: another attempt rules. `closed`: the job has ended. `held`: it is not time, or nothing to do. */
export type JobOutcome = 'ok' | 'duplicate' | 'fenced' | 'closed' | 'held'

/** A new state and the answer. The state is the same object when nothing changed. */
export interface JobAdvance {
  readonly state: JobState
  readonly outcome: JobOutcome
}

/** A job begins: queued, nothing attempted. */
export function beginJob(nowMs: number, delayMs = 0): JobState {
  return { phase: 'queued', attempt: 0, createdAtMs: nowMs, ...(delayMs > 0 && { notBeforeMs: nowMs + delayMs }) }
}

/** Whether nothing more becomes of it. */
export function isOver({ phase }: Pick<JobState, 'phase'>): boolean {
  return phase !== 'queued' && phase !== 'running'
}

/** One step of the machine. Pure. */
export function stepJob(state: JobState, command: JobCommand, rules: JobRules): JobAdvance {
  switch (command.type) {
    case 'claim':
      return claim(state, command.nowMs, rules)
    case 'stream':
      return ofAttempt(state, command.attempt, () =>
        state.stream === command.stream ? undefined : { ...state, stream: command.stream },
      )
    case 'step':
      return ofAttempt(state, command.attempt, () => ({ ...state, step: command.step }))
    case 'end':
      return ofAttempt(state, command.attempt, () => ended(state, command, rules))
    case 'give-back':
      return ofAttempt(state, command.attempt, () => ({
        ...without(state, 'step', 'stream'),
        phase: 'queued',
        attempt: state.attempt - 1,
        notBeforeMs: command.nowMs + command.afterMs,
      }))
    case 'cancel':
      if (state.phase === 'cancelled') return { state, outcome: 'duplicate' }
      return isOver(state) ? { state, outcome: 'closed' } : over(state, 'cancelled', command.nowMs)
    case 'expire':
      return expire(state, command.nowMs, rules)
    case 'retry':
      return retry(state, command.nowMs)
  }
}

function claim(state: JobState, nowMs: number, rules: JobRules): JobAdvance {
  if (isOver(state)) return { state, outcome: 'closed' }
  if (state.phase === 'queued') {
    const overdue = expire(state, nowMs, rules)
    if (overdue.outcome === 'ok') return { state: overdue.state, outcome: 'closed' }
  }
  // Whoever had it is gone without a word, and nothing is left to try.
  if (state.attempt >= rules.attempts) {
    const error: WireError = {
      code: 'SLUICE_ERR_ATTEMPTS',
      message: `The job was lost ${state.attempt} ${state.attempt === 1 ? 'time' : 'times'}, and is not attempted again.`,
      retryable: false,
    }
    return { ...over({ ...state, error }, 'failed', nowMs), outcome: 'closed' }
  }
  const next = without(state, 'step', 'stream', 'notBeforeMs')
  return {
    state: { ...next, phase: 'running', attempt: state.attempt + 1, startedAtMs: state.startedAtMs ?? nowMs },
    outcome: 'ok',
  }
}

function ended(state: JobState, { end, nowMs, again }: JobCommand & { type: 'end' }, { attempts }: JobRules): JobState {
  if (end.reason === 'cancelled') return over(state, 'cancelled', nowMs).state
  if (end.complete) return over(without(state, 'error'), 'succeeded', nowMs).state
  const failed = end.error ? { ...state, error: end.error } : state
  if (!again || state.attempt >= attempts) return over(failed, 'failed', nowMs).state
  return { ...failed, phase: 'queued', notBeforeMs: nowMs + again.afterMs }
}

function expire(state: JobState, nowMs: number, { waitMs }: JobRules): JobAdvance {
  if (isOver(state)) return { state, outcome: 'closed' }
  if (state.phase === 'running' || state.attempt > 0 || nowMs < state.createdAtMs + waitMs)
    return { state, outcome: 'held' }
  const error: WireError = {
    code: 'SLUICE_ERR_EXPIRED',
    message: 'No worker has begun the job in the time that it may wait.',
    retryable: true,
  }
  return over({ ...state, error }, 'expired', nowMs)
}

function retry(state: JobState, nowMs: number): JobAdvance {
  if (state.phase !== 'failed' && state.phase !== 'expired')
    return { state, outcome: isOver(state) ? 'closed' : 'held' }
  const { stream } = state
  return {
    state: { phase: 'queued', attempt: 0, createdAtMs: nowMs, ...(stream !== undefined && { stream }) },
    outcome: 'ok',
  }
}

/** Does what an attempt says, if it is the one that runs. */
function ofAttempt(state: JobState, attempt: number, act: () => JobState | undefined): JobAdvance {
  if (isOver(state)) return { state, outcome: 'closed' }
  if (state.phase !== 'running' || attempt !== state.attempt) return { state, outcome: 'fenced' }
  const next = act()
  return next ? { state: next, outcome: 'ok' } : { state, outcome: 'duplicate' }
}

function over(state: JobState, phase: JobPhase, nowMs: number): JobAdvance {
  return { state: { ...without(state, 'notBeforeMs'), phase, endedAtMs: nowMs }, outcome: 'ok' }
}

function without(state: JobState, ...names: ('step' | 'stream' | 'notBeforeMs' | 'error')[]): JobState {
  const rest: Record<string, unknown> = { ...state }
  for (const name of names) delete rest[name]
  return rest as unknown as JobState
}
