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
  /** When the stream is given up for want of readers; `Infinity` while it has some, or needs none. */
  readonly noReaderDeadlineMs: number
  readonly attachedOnce: boolean
}

/** What may happen. */
export type LifecycleCommand =
  | { type: 'readers'; count: number; nowMs: number }
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
  return { phase: 'running', startedMs: nowMs, readers: 0, noReaderDeadlineMs, attachedOnce: false }
}

/** One step of the machine. Pure. */
export function stepLifecycle(rules: LifecycleRules, state: LifecycleState, command: LifecycleCommand): LifecycleStep {
  if (state.phase === 'over') return { state, verdict: undefined }
  switch (command.type) {
    case 'over':
      return { state: { ...state, phase: 'over', noReaderDeadlineMs: Infinity }, verdict: undefined }
    case 'readers':
      return countReaders(rules, state, command.count, command.nowMs)
    case 'tick':
      return { state, verdict: judge(rules, state, command.nowMs, command.source) }
  }
}

/** When the next `tick` can have a verdict; `Infinity` when never by itself. */
export function nextDueMs(rules: LifecycleRules, state: LifecycleState, source: SourceProgress): number {
  if (state.phase === 'over') return Infinity
  const { totalMs } = rules.deadlines
  const total = totalMs === false ? Infinity : state.startedMs + totalMs
  return Math.min(state.noReaderDeadlineMs, total, pullDueMs(rules, source))
}

/** When the outstanding pull has taken too long. */
export function pullDueMs(rules: LifecycleRules, source: SourceProgress): number {
  const limit = source.yielded ? rules.deadlines.idleMs : rules.deadlines.firstTokenMs
  return limit === false ? Infinity : source.pullSinceMs + limit
}

function countReaders(rules: LifecycleRules, state: LifecycleState, count: number, nowMs: number): LifecycleStep {
  if (count > 0) {
    return { state: { ...state, readers: count, attachedOnce: true, noReaderDeadlineMs: Infinity }, verdict: undefined }
  }
  if (state.readers === 0) return { state, verdict: undefined }
  const { onDisconnect } = rules
  const left = { ...state, readers: 0 }
  if (onDisconnect === 'continue') return { state: left, verdict: undefined }
  if (onDisconnect === 'cancel') return { state: left, verdict: { end: 'disconnect', limit: 'onDisconnect: "cancel"' } }
  return { state: { ...left, noReaderDeadlineMs: nowMs + onDisconnect.graceMs }, verdict: undefined }
}

function judge(rules: LifecycleRules, state: LifecycleState, nowMs: number, source: SourceProgress): LifecycleVerdict {
  if (state.readers === 0 && nowMs >= state.noReaderDeadlineMs) {
    return { end: 'disconnect', limit: state.attachedOnce ? 'onDisconnect.graceMs' : 'unattachedMs' }
  }
  const { totalMs } = rules.deadlines
  if (totalMs !== false && nowMs >= state.startedMs + totalMs) return { end: 'deadline', limit: 'deadlines.totalMs' }
  if (nowMs >= pullDueMs(rules, source)) {
    return { end: 'deadline', limit: source.yielded ? 'deadlines.idleMs' : 'deadlines.firstTokenMs' }
  }
  return undefined
}
