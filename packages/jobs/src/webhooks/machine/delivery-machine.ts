/** What becomes of a delivery. The last two are for ever, unless it is sent again by hand. */
export type DeliveryPhase = 'pending' | 'delivered' | 'failed'

/** Why an attempt, or a delivery, failed. */
export type DeliveryFailure =
  | 'address'
  | 'connect'
  | 'tls'
  | 'answer'
  | 'timeout'
  /** The receiver answered, but not with a status from 200 to 299. */
  | 'status'
  /** The process that sent it was gone before an answer had come. */
  | 'lost'
  /** Its webhook was switched off. */
  | 'disabled'
  /** As many deliveries of its webhook waited as may wait. */
  | 'backlog'
  /** It was held back for longer than a delivery is kept trying. */
  | 'expired'

/** One attempt, as its owner is shown it: of the answer there is the status and nothing else. */
export interface DeliveryTry {
  readonly atMs: number
  readonly durationMs: number
  readonly status?: number | undefined
  readonly error?: DeliveryFailure | undefined
}

/** What is known of a delivery and changes. Times are milliseconds since 1970, by the clock of who says them. */
export interface DeliveryState {
  readonly phase: DeliveryPhase
  /** How many attempts have begun; those that were held back do not count. */
  readonly attempt: number
  /** The store's count of claims up to the last word about it: what was claimed since then, and not spoken of, was lost. */
  readonly lease: number
  /** When it was made, or sent again by hand. */
  readonly sinceMs: number
  readonly nextAtMs?: number | undefined
  readonly endedAtMs?: number | undefined
  readonly last?: DeliveryTry | undefined
  /** Why it failed for good. */
  readonly error?: DeliveryFailure | undefined
}

/** What bounds a delivery. */
export interface DeliveryRules {
  /** How long before each attempt, in milliseconds; there are as many attempts. */
  readonly scheduleMs: readonly number[]
  /** At most so much longer, as a part of it. */
  readonly jitter: number
  /** `Retry-After` counts up to this. */
  readonly maxRetryAfterMs: number
  /** How long it is tried or held back. */
  readonly maxAgeMs: number
}

/** What may happen to a delivery. An attempt speaks with its lease: one that was superseded is heard only if it was a success. */
export type DeliveryCommand =
  /** A worker has it: its next attempt begins. Whoever had it before is gone. */
  | { type: 'claim'; lease: number; nowMs: number }
  /** The attempt was never made. `random` is from 0 to 1, here and below. */
  | { type: 'hold'; lease: number; nowMs: number; forMs: number; random: number }
  /** The attempt is over. */
  | {
      type: 'answer'
      lease: number
      nowMs: number
      made: DeliveryTry
      retryAfterMs?: number | undefined
      random: number
    }
  /** Nothing more is tried. */
  | { type: 'give-up'; nowMs: number; error: DeliveryFailure }
  /** It is sent again by hand, with all of its attempts; or at once, where it waits. */
  | { type: 'replay'; nowMs: number; lease: number }

/** `ok`: done. `fenced`: another attempt rules. `closed`: it is over. `held`: it is on its way, so there is nothing to send again. */
export type DeliveryOutcome = 'ok' | 'fenced' | 'closed' | 'held'

/** A new state and the answer. `dueInMs`: when it may be claimed next. The state is the same object when nothing changed. */
export interface DeliveryAdvance {
  readonly state: DeliveryState
  readonly outcome: DeliveryOutcome
  readonly dueInMs?: number | undefined
}

/** A delivery begins. */
export function beginDelivery(nowMs: number, { scheduleMs, jitter }: DeliveryRules, random: number): DeliveryAdvance {
  const dueInMs = spread(scheduleMs[0]!, jitter, random)
  return {
    state: { phase: 'pending', attempt: 0, lease: 0, sinceMs: nowMs, nextAtMs: nowMs + dueInMs },
    outcome: 'ok',
    dueInMs,
  }
}

/** One step of the machine. Pure. */
export function stepDelivery(state: DeliveryState, command: DeliveryCommand, rules: DeliveryRules): DeliveryAdvance {
  if (command.type === 'replay') return replay(state, command, rules)
  if (state.phase !== 'pending') return { state, outcome: 'closed' }
  switch (command.type) {
    case 'claim':
      return claim(state, command, rules)
    case 'hold':
      return command.lease === state.lease ? hold(state, command, rules) : { state, outcome: 'fenced' }
    case 'answer':
      return answer(state, command, rules)
    case 'give-up':
      return over(state, 'failed', command.nowMs, command.error)
  }
}

function claim(
  state: DeliveryState,
  { lease, nowMs }: DeliveryCommand & { type: 'claim' },
  rules: DeliveryRules,
): DeliveryAdvance {
  if (lease <= state.lease) return { state, outcome: 'fenced' }
  const lost = lease - state.lease - 1
  const attempt = state.attempt + lost + 1
  if (attempt > rules.scheduleMs.length)
    return {
      ...over({ ...state, lease, attempt: rules.scheduleMs.length }, 'failed', nowMs, 'lost'),
      outcome: 'closed',
    }
  return { state: { ...without(state, 'nextAtMs'), attempt, lease }, outcome: 'ok' }
}

function hold(
  state: DeliveryState,
  command: DeliveryCommand & { type: 'hold' },
  rules: DeliveryRules,
): DeliveryAdvance {
  const { nowMs, forMs, random } = command
  const back = { ...state, attempt: state.attempt - 1 }
  if (nowMs - state.sinceMs >= rules.maxAgeMs) return over(back, 'failed', nowMs, 'expired')
  return later(back, nowMs, spread(forMs, rules.jitter, random))
}

function answer(
  state: DeliveryState,
  command: DeliveryCommand & { type: 'answer' },
  rules: DeliveryRules,
): DeliveryAdvance {
  const { lease, nowMs, made, random } = command
  const told = { ...state, last: made }
  // It has arrived: that others are about to send it again changes nothing.
  if (made.error === undefined) return over(told, 'delivered', nowMs)
  if (lease !== state.lease) return { state, outcome: 'fenced' }
  const plannedMs = rules.scheduleMs[state.attempt]
  if (plannedMs === undefined || nowMs - state.sinceMs >= rules.maxAgeMs) return over(told, 'failed', nowMs, made.error)
  const askedMs = Math.min(command.retryAfterMs ?? 0, rules.maxRetryAfterMs)
  return later(told, nowMs, Math.max(spread(plannedMs, rules.jitter, random), askedMs))
}

function replay(
  state: DeliveryState,
  { nowMs, lease }: DeliveryCommand & { type: 'replay' },
  rules: DeliveryRules,
): DeliveryAdvance {
  // It waits: its next attempt comes at once. It is on its way: there is nothing to do.
  if (state.phase === 'pending')
    return state.nextAtMs === undefined ? { state, outcome: 'held' } : later(state, nowMs, 0)
  const { last } = state
  const { state: begun } = beginDelivery(nowMs, rules, 0)
  return { state: { ...begun, lease, nextAtMs: nowMs, ...(last && { last }) }, outcome: 'ok', dueInMs: 0 }
}

function later(state: DeliveryState, nowMs: number, dueInMs: number): DeliveryAdvance {
  return { state: { ...state, nextAtMs: nowMs + dueInMs }, outcome: 'ok', dueInMs }
}

function over(state: DeliveryState, phase: DeliveryPhase, nowMs: number, error?: DeliveryFailure): DeliveryAdvance {
  return { state: { ...without(state, 'nextAtMs'), phase, endedAtMs: nowMs, ...(error && { error }) }, outcome: 'ok' }
}

/** Later, never earlier, so that those of one moment do not all come at another one. */
function spread(ms: number, jitter: number, random: number): number {
  return Math.ceil(ms * (1 + jitter * random))
}

function without(state: DeliveryState, name: 'nextAtMs'): DeliveryState {
  const { [name]: _, ...rest } = state
  return rest
}
