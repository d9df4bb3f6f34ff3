/** What becomes of a batch, as OpenAI names it. The last four are for ever. */
export type BatchPhase =
  | 'validating'
  | 'in_progress'
  | 'finalizing'
  | 'cancelling'
  | 'completed'
  | 'failed'
  | 'expired'
  | 'cancelled'

/** How a batch is over. */
export type BatchEnding = 'completed' | 'failed' | 'expired' | 'cancelled'

/** What is wrong with the input of a batch. */
export interface BatchProblem {
  readonly code: string
  readonly message: string
  readonly param: string | null
  /** 1 is the first line of the file; `null`: it is the file as a whole. */
  readonly line: number | null
}

/** How many requests of a batch there are. Once all lines are known, what is not counted here is not finished. */
export interface BatchCounts {
  /** 0 as long as the input is looked at. */
  readonly total: number
  /** Answered with a 2xx. */
  readonly succeeded: number
  /** Answered otherwise, or not at all. */
  readonly failed: number
  /** Not asked, or not to the end, because the batch was cancelled. */
  readonly cancelled: number
  /** Not asked, or not to the end, because its time was over. */
  readonly expired: number
}

/** What is known of a batch and changes. Times are milliseconds since 1970. */
export interface BatchState {
  readonly phase: BatchPhase
  readonly createdAtMs: number
  /** From then on no request begins. */
  readonly expiresAtMs: number
  /** How it will be over, from when that is certain. */
  readonly ending?: BatchEnding | undefined
  readonly counts: BatchCounts
  readonly problems?: readonly BatchProblem[] | undefined
  /** The one model that its lines name. */
  readonly model?: string | undefined
  readonly inProgressAtMs?: number | undefined
  readonly finalizingAtMs?: number | undefined
  readonly cancellingAtMs?: number | undefined
  readonly endedAtMs?: number | undefined
}

/** What may happen to a batch. */
export type BatchCommand =
  /** The input is good, and has so many lines. */
  | { type: 'accept'; nowMs: number; total: number; model?: string | undefined }
  /** The input is bad. */
  | { type: 'refuse'; nowMs: number; problems: readonly BatchProblem[] }
  /** So many lines are finished. */
  | { type: 'count'; counts: Omit<BatchCounts, 'total'> }
  /** Whoever has it wants no more of it. */
  | { type: 'cancel'; nowMs: number }
  /** Its time is over. */
  | { type: 'expire'; nowMs: number }
  /** The rest of the input is gone. */
  | { type: 'lose'; nowMs: number; problem: BatchProblem }
  /** Nothing is left to be asked, or everything is written that was. */
  | { type: 'finish'; nowMs: number }

/** `ok`: done. `duplicate`: had been done before. `closed`: the batch is over. `held`: it is not time. */
export type BatchOutcome = 'ok' | 'duplicate' | 'closed' | 'held'

/** A new state and the answer. The state is the same object when nothing changed. */
export interface BatchAdvance {
  readonly state: BatchState
  readonly outcome: BatchOutcome
}

const NONE: BatchCounts = { total: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }

/** A batch begins: nothing of its input is known. */
export function beginBatch(nowMs: number, windowMs: number): BatchState {
  return { phase: 'validating', createdAtMs: nowMs, expiresAtMs: nowMs + windowMs, counts: NONE }
}

/** Whether nothing more becomes of it. */
export function isBatchOver({ phase }: Pick<BatchState, 'phase'>): boolean {
  return phase === 'completed' || phase === 'failed' || phase === 'expired' || phase === 'cancelled'
}

/** How many lines are finished, in whichever way. */
export function finishedOf({ succeeded, failed, cancelled, expired }: Omit<BatchCounts, 'total'>): number {
  return succeeded + failed + cancelled + expired
}

/** What is done with lines that are not finished: `ask` the backend, or write down why that is not done. */
export function restOf(state: BatchState): 'ask' | 'cancelled' | 'expired' | 'nothing' {
  if (state.phase === 'in_progress') return 'ask'
  if (state.phase === 'cancelling') return 'cancelled'
  return state.phase === 'finalizing' && state.ending === 'expired' ? 'expired' : 'nothing'
}

/** One step of the machine. Pure. */
export function stepBatch(state: BatchState, command: BatchCommand): BatchAdvance {
  if (isBatchOver(state)) return { state, outcome: 'closed' }
  switch (command.type) {
    case 'accept':
      return accept(state, command)
    case 'refuse':
      if (state.inProgressAtMs !== undefined) return { state, outcome: 'held' }
      return over({ ...state, problems: command.problems }, state.ending ?? 'failed', command.nowMs)
    case 'count':
      return count(state, command.counts)
    case 'cancel':
      return cancel(state, command.nowMs)
    case 'expire':
      if (state.phase !== 'in_progress' || command.nowMs < state.expiresAtMs) return { state, outcome: 'held' }
      return finalizing(state, 'expired', command.nowMs)
    case 'lose':
      return lose(state, command)
    case 'finish':
      return finish(state, command.nowMs)
  }
}

function accept(state: BatchState, { nowMs, total, model }: BatchCommand & { type: 'accept' }): BatchAdvance {
  // Cancelled while it was looked at: its lines are known now, and are listed as such.
  const isCancelling = state.phase === 'cancelling' && state.inProgressAtMs === undefined
  if (state.phase !== 'validating' && !isCancelling) return { state, outcome: 'held' }
  const counts = { ...state.counts, total }
  const known = { ...state, counts, inProgressAtMs: nowMs, ...(model !== undefined && { model }) }
  return { state: isCancelling ? known : { ...known, phase: 'in_progress' }, outcome: 'ok' }
}

function count(state: BatchState, counts: Omit<BatchCounts, 'total'>): BatchAdvance {
  if (state.inProgressAtMs === undefined) return { state, outcome: 'held' }
  const { total } = state.counts
  const names = ['succeeded', 'failed', 'cancelled', 'expired'] as const
  // What was finished stays finished.
  if (names.some((name) => counts[name] < state.counts[name]) || finishedOf(counts) > total) {
    return { state, outcome: 'held' }
  }
  if (names.every((name) => counts[name] === state.counts[name])) return { state, outcome: 'duplicate' }
  return { state: { ...state, counts: { ...counts, total } }, outcome: 'ok' }
}

function cancel(state: BatchState, nowMs: number): BatchAdvance {
  if (state.phase === 'cancelling') return { state, outcome: 'duplicate' }
  // How it ends was certain before.
  if (state.phase === 'finalizing' && state.ending !== 'completed') return { state, outcome: 'duplicate' }
  return { state: { ...state, phase: 'cancelling', ending: 'cancelled', cancellingAtMs: nowMs }, outcome: 'ok' }
}

function lose(state: BatchState, { nowMs, problem }: BatchCommand & { type: 'lose' }): BatchAdvance {
  if (state.phase === 'finalizing' && state.ending === 'completed') return { state, outcome: 'held' }
  if (state.problems !== undefined) return { state, outcome: 'duplicate' }
  const known = { ...state, problems: [problem] }
  if (state.phase === 'validating') return over(known, 'failed', nowMs)
  // It was cancelled, or its time was over, before that was found: it ends so, with a word of what is missing.
  if (state.ending !== undefined) return { state: known, outcome: 'ok' }
  return finalizing(known, 'failed', nowMs)
}

function finish(state: BatchState, nowMs: number): BatchAdvance {
  const isWhole = state.inProgressAtMs !== undefined && finishedOf(state.counts) === state.counts.total
  // Without its input nobody can say what is missing.
  if (!isWhole && state.problems === undefined) return { state, outcome: 'held' }
  if (state.phase === 'in_progress') return finalizing(state, 'completed', nowMs)
  return state.ending === undefined ? { state, outcome: 'held' } : over(state, state.ending, nowMs)
}

function finalizing(state: BatchState, ending: BatchEnding, nowMs: number): BatchAdvance {
  return { state: { ...state, phase: 'finalizing', ending, finalizingAtMs: nowMs }, outcome: 'ok' }
}

function over(state: BatchState, ending: BatchEnding, nowMs: number): BatchAdvance {
  return { state: { ...state, phase: ending, ending, endedAtMs: nowMs }, outcome: 'ok' }
}
