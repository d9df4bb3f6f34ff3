import type { EndEvent } from '../events/event.ts'

/**
 * What every store knows of one stream, whatever it is kept in. The functions below are the rules (contract 3 and 5):
 * the memory store runs them, and a remote store's scripts are tested against them. Times are the store's own clock.
 */
export interface RecordState {
  readonly epoch: number
  /** Seq of the last event. */
  readonly seq: number
  readonly end: EndEvent | undefined
  readonly leaseUntilMs: number
}

/** What may happen to a record. */
export type RecordCommand =
  | { type: 'append'; epoch: number; after: number; count: number; end?: EndEvent | undefined }
  | { type: 'renew'; epoch: number; nowMs: number; leaseMs: number }
  | { type: 'close'; end: EndEvent }
  | { type: 'expire'; nowMs: number; end: EndEvent }
  /**
   * `leap`: by how much the epoch grows, default 1. A store that can forget a take-over (a failover) leaps at random, or
   * the next producer would write under the number of the forgotten one.
   */
  | { type: 'takeOver'; nowMs: number; leaseMs: number; leap?: number }

/**
 * How a record answers. `ok`: done. `duplicate`: had been done before, by this very command. `gap`: events are missing
 * in between. `fenced`: another epoch rules. `closed`: the stream has its end. `held`: its lease still stands.
 */
export type RecordOutcome = 'ok' | 'duplicate' | 'gap' | 'fenced' | 'closed' | 'held'

/** A new state and the answer. The state is the same object when nothing changed. */
export interface RecordStep {
  state: RecordState
  outcome: RecordOutcome
}

/** A stream begins: epoch 1, nothing written, its producer holding the lease. */
export function beginRecord(nowMs: number, leaseMs: number): RecordState {
  return { epoch: 1, seq: 0, end: undefined, leaseUntilMs: nowMs + leaseMs }
}

/** One step of the machine. Pure. */
export function stepRecord(state: RecordState, command: RecordCommand): RecordStep {
  switch (command.type) {
    case 'append':
      return append(state, command)
    case 'renew':
      return renew(state, command)
    case 'close':
      return state.end ? { state, outcome: 'closed' } : closed(state, command.end)
    case 'expire':
      if (state.end) return { state, outcome: 'closed' }
      return command.nowMs < state.leaseUntilMs ? { state, outcome: 'held' } : closed(state, command.end)
    case 'takeOver':
      if (state.end) return { state, outcome: 'closed' }
      if (command.nowMs < state.leaseUntilMs) return { state, outcome: 'held' }
      return {
        state: { ...state, epoch: state.epoch + (command.leap ?? 1), leaseUntilMs: command.nowMs + command.leaseMs },
        outcome: 'ok',
      }
  }
}

function append(state: RecordState, command: RecordCommand & { type: 'append' }): RecordStep {
  if (command.epoch !== state.epoch) return { state, outcome: 'fenced' }
  // A repeated append is recognised before the end is looked at: its first run may have written that very end.
  if (command.after + command.count <= state.seq) return { state, outcome: 'duplicate' }
  if (state.end) return { state, outcome: 'closed' }
  if (command.after !== state.seq) return { state, outcome: 'gap' }
  return { state: { ...state, seq: command.after + command.count, end: command.end }, outcome: 'ok' }
}

function renew(state: RecordState, command: RecordCommand & { type: 'renew' }): RecordStep {
  if (command.epoch !== state.epoch) return { state, outcome: 'fenced' }
  if (state.end) return { state, outcome: 'closed' }
  // A lapsed lease may be renewed while its epoch still stands: nobody else has taken the stream.
  return { state: { ...state, leaseUntilMs: command.nowMs + command.leaseMs }, outcome: 'ok' }
}

/** Writing an end from outside is one step: it takes the next seq and the next epoch, so that the producer is fenced. */
function closed(state: RecordState, end: EndEvent): RecordStep {
  return { state: { ...state, epoch: state.epoch + 1, seq: state.seq + 1, end }, outcome: 'ok' }
}
