import type { EndEvent, Usage } from '../events/event.ts'
import type { LogHead } from './trimmed-head.ts'

/** The position after which a log begins in a process that joins a stream late, and what is known of the time before. */
export interface LogStart {
  seq: number
  /** Epoch of `seq`. */
  epoch: number
  usage?: Usage | undefined
  /** What is known of the events up to `seq`. Without it, nobody goes on from here on a wire that must know of them. */
  head?: LogHead | undefined
  end?: EndEvent | undefined
}

/** What all logs of a process take, with what their streams take beside them, against their common cap. */
export interface LogAccount {
  bytes: number
  /** Called when a log has grown by about a segment. */
  grown?(): void
}

/** Limits of a log. */
export interface LogOptions {
  retentionBytes: number
  account?: LogAccount | undefined
  /** What the stream takes beside its events, for as long as they are kept. Default 0. */
  streamBytes?: number | undefined
  from?: LogStart | undefined
  /**
   * What makes an event visible to readers: its append (a log that is the record itself, or runs ahead of its store), or
   * that a store has it. Default `append`.
   */
  shows?: 'appended' | 'stored' | undefined
  /** True when a store follows this log: what it does not have yet is never trimmed. Default false. */
  followed?: boolean | undefined
}
