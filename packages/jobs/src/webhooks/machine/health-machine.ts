/** Why a webhook is switched off: by its owner, by the receiver's 410, or after days without a success. */
export type DisabledReason = 'owner' | 'gone' | 'failing'

/** How a receiver has been answering. Without failures it is empty. Times are milliseconds since 1970. */
export interface HealthState {
  /** How many attempts have failed since the last success. */
  readonly failures: number
  readonly failingSinceMs?: number | undefined
  readonly failedAtMs?: number | undefined
  /** How often the breaker has opened since the last success. */
  readonly pauses: number
  /** Nothing is sent before. */
  readonly pausedUntilMs?: number | undefined
  /** One attempt is on its way to find out, and has so long; nothing else is sent. */
  readonly probeUntilMs?: number | undefined
  readonly disabled?: { readonly reason: DisabledReason; readonly atMs: number } | undefined
}

/** When a receiver is left alone. */
export interface HealthRules {
  /** After so many failures in a row the breaker opens. */
  readonly breakAfter: number
  /** For how long at first; twice as long with every failed probe. */
  readonly pauseMs: number
  readonly maxPauseMs: number
  /** For how long an attempt may be on its way. */
  readonly probeMs: number
  /** `Retry-After` counts up to this. */
  readonly maxRetryAfterMs: number
  /** After so long without a success it is switched off. */
  readonly disableAfterMs: number
}

/** What may happen to a receiver. */
export type HealthCommand =
  | { type: 'success' }
  | { type: 'failure'; nowMs: number; status?: number | undefined; retryAfterMs?: number | undefined }
  | { type: 'disable'; nowMs: number }
  /** Its owner has changed or mended it: what was, is forgotten. */
  | { type: 'enable' }

/** Whether an attempt may be made now. */
export type Admission =
  | { readonly is: 'go' }
  /** This one alone, to find out: `state` is to be kept first. */
  | { readonly is: 'probe'; readonly state: HealthState }
  | { readonly is: 'wait'; readonly forMs: number }
  | { readonly is: 'disabled' }

/** A receiver of which nothing bad is known. */
export const HEALTHY: HealthState = { failures: 0, pauses: 0 }

/** Whether an attempt may be made. Pure. */
export function admit(state: HealthState, nowMs: number, { breakAfter, probeMs }: HealthRules): Admission {
  const { disabled, pausedUntilMs = 0, probeUntilMs = 0 } = state
  if (disabled) return { is: 'disabled' }
  if (nowMs < pausedUntilMs) return { is: 'wait', forMs: pausedUntilMs - nowMs }
  if (state.failures < breakAfter) return { is: 'go' }
  if (nowMs < probeUntilMs) return { is: 'wait', forMs: probeUntilMs - nowMs }
  return { is: 'probe', state: { ...state, probeUntilMs: nowMs + probeMs } }
}

/** One step of the machine. Pure; the same object when nothing changed. */
export function stepHealth(state: HealthState, command: HealthCommand, rules: HealthRules): HealthState {
  switch (command.type) {
    case 'success':
      if (state.failures === 0 && state.pausedUntilMs === undefined) return state
      return state.disabled ? { ...HEALTHY, disabled: state.disabled } : HEALTHY
    case 'failure':
      return failure(state, command, rules)
    case 'disable':
      return state.disabled ? state : { ...state, disabled: { reason: 'owner', atMs: command.nowMs } }
    case 'enable':
      return HEALTHY
  }
}

function failure(state: HealthState, command: HealthCommand & { type: 'failure' }, rules: HealthRules): HealthState {
  const { nowMs, status, retryAfterMs = 0 } = command
  if (state.disabled) return state
  const { failingSinceMs = nowMs, failedAtMs = nowMs, pausedUntilMs = 0 } = state
  // Where nothing was sent for so long, nothing is known of that time.
  const sinceMs = nowMs - failedAtMs >= rules.disableAfterMs ? nowMs : failingSinceMs
  const failures = state.failures + 1
  // Those that were on their way together when the breaker opened do not make it stay open for longer.
  const opens = failures >= rules.breakAfter && nowMs >= pausedUntilMs
  const pauses = state.pauses + (opens ? 1 : 0)
  const pauseMs = opens ? Math.min(rules.pauseMs * 2 ** Math.min(pauses - 1, 30), rules.maxPauseMs) : 0
  const askedMs = Math.min(retryAfterMs, rules.maxRetryAfterMs)
  const untilMs = Math.max(pausedUntilMs, nowMs + Math.max(pauseMs, askedMs))
  const reason = status === 410 ? 'gone' : nowMs - sinceMs >= rules.disableAfterMs ? 'failing' : undefined
  return {
    failures,
    failingSinceMs: sinceMs,
    failedAtMs: nowMs,
    pauses,
    ...(untilMs > nowMs && { pausedUntilMs: untilMs }),
    ...(reason && { disabled: { reason, atMs: nowMs } }),
  }
}
