import type { EndCause } from '../events/event.ts'
import type { SourceProgress } from '../source/source-progress.ts'
import type { ResolvedStreamOptions } from '../store/stream-options.ts'

/** The part of the options that the lifecycle needs. */
export type LifecycleRules = Pick<ResolvedStreamOptions, 'onDisconnect' | 'deadlines' | 'unattachedMs'>

/**
 * One producer's view of its stream: who reads it, how long it may go on without readers, what its source may take.
 * Pure: the clock comes with each command, and {@link nextDueMs} says when to ask again.
 */
export interface LifecycleState {
  readonly phase: 'running' | 'over'
  readonly startedMs: number
  readonly readers: number
  /** Readers that were answered, or asked to reconnect, and are expected back. */
  readonly returning: number
  /** When the stream is given up for want of readers; `Infinity` while it has some, or needs none. */
  readonly noReaderDeadlineMs: number
  readonly attachedOnce: boolean
}

/** What may happen. */
export type LifecycleCommand =
  | { type: 'readers'; count: number; returning?: number | undefined; nowMs: number }
  | { type: 'tick'; nowMs: number; source: SourceProgress }
  | { type: 'over' }

/** What is to be done: nothing, or to end the stream. */
export type LifecycleVerdict = { end: EndCause; limit: string } | undefined

/** A new state and what follows from it. */
export interface LifecycleStep {
  state: LifecycleState
  verdict: LifecycleVerdict
}

/** A stream begins, with no reader yet. */
export function beginLifecycle(rules: LifecycleRules, nowMs: number): LifecycleState {
  const noReaderDeadlineMs = rules.onDisconnect === 'continue' ? Infinity : nowMs + rules.unattachedMs
  return { phase: 'running', startedMs: nowMs, readers: 0, returning: 0, noReaderDeadlineMs, attachedOnce: false }
}

/** One step of the machine. Pure. */
export function stepLifecycle(rules: LifecycleRules, state: LifecycleState, command: LifecycleCommand): LifecycleStep {
  if (state.phase === 'over') return { state, verdict: undefined }
  switch (command.type) {
    case 'over':
      return { state: { ...state, phase: 'over', noReaderDeadlineMs: Infinity }, verdict: undefined }
    case 'readers':
      return countReaders(rules, state, command)
    case 'tick':
      return { state, verdict: judge(rules, state, command.nowMs, command.source) }
  }
}

/** When the next `tick` can have a verdict; `Infinity` when never by itself. */
export function nextDueMs(rules: LifecycleRules, state: LifecycleState, source: SourceProgress): number {
  if (state.phase === 'over') return Infinity
  const { totalMs } = rules.deadlines
  const total = totalMs === false ? Infinity : state.startedMs + totalMs
  // Who is expected back either comes or is given up, and both are commands.
  const noReader = state.returning > 0 ? Infinity : state.noReaderDeadlineMs
  return Math.min(noReader, total, pullDueMs(rules, source))
}

/** When the outstanding pull has taken too long. */
export function pullDueMs(rules: LifecycleRules, source: SourceProgress): number {
  const limit = source.yielded ? rules.deadlines.idleMs : rules.deadlines.firstTokenMs
  return limit === false ? Infinity : source.pullSinceMs + limit
}

function countReaders(
  { onDisconnect }: LifecycleRules,
  state: LifecycleState,
  { count, returning = 0, nowMs }: LifecycleCommand & { type: 'readers' },
): LifecycleStep {
  const counted = { ...state, readers: count, returning }
  if (count > 0) return { state: { ...counted, attachedOnce: true, noReaderDeadlineMs: Infinity }, verdict: undefined }
  if (state.readers + state.returning === 0 || onDisconnect === 'continue')
    return { state: counted, verdict: undefined }
  if (onDisconnect === 'cancel') {
    const end = returning > 0 ? undefined : ({ end: 'disconnect', limit: 'onDisconnect: "cancel"' } as const)
    return { state: counted, verdict: end }
  }
  // A grace begins when the last one that reads has left, not when those that were expected back are given up.
  const noReaderDeadlineMs = state.readers > 0 ? nowMs + onDisconnect.graceMs : state.noReaderDeadlineMs
  return { state: { ...counted, noReaderDeadlineMs }, verdict: undefined }
}

function judge(rules: LifecycleRules, state: LifecycleState, nowMs: number, source: SourceProgress): LifecycleVerdict {
  if (state.readers + state.returning === 0 && nowMs >= state.noReaderDeadlineMs) {
    return { end: 'disconnect', limit: state.attachedOnce ? 'onDisconnect.graceMs' : 'unattachedMs' }
  }
  const { totalMs } = rules.deadlines
  if (totalMs !== false && nowMs >= state.startedMs + totalMs) {
    return { end: 'deadline', limit: `deadlines.totalMs (${totalMs} ms)` }
  }
  if (nowMs >= pullDueMs(rules, source)) {
    const name = source.yielded ? 'idleMs' : 'firstTokenMs'
    return { end: 'deadline', limit: `deadlines.${name} (${rules.deadlines[name]} ms)` }
  }
  return undefined
}
