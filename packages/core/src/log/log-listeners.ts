import type { EndEvent } from '../events/event.ts'
import type { Json } from '../events/json.ts'
import type { ClosedCode } from '../events/codes.ts'

/** Someone who waits for a log: woken when it has what was asked for. */
export interface LogSleeper {
  /** Smallest seq it wants to be woken for; `Infinity` when it waits for something else. */
  wakeAt: number
  /** What it asked to be woken for is there, or it can go on no more. */
  wake(): void
}

/** Someone who reads a log. */
export interface LogReader extends LogSleeper {
  /** Bytes charged for everything this reader has taken, since the stream began. */
  readonly bytePosition: number
  /** Seq of the last event it has taken. */
  readonly seq: number
  /** Events it has taken were taken back: it cannot go on. */
  overtaken?(): void
}

/** Someone who must know what happens to a log as a whole: its producer, its store. */
export interface LogWatcher {
  /** A reader has come or gone, here or elsewhere. */
  readersChanged?(): void
  /** The furthest reader has moved on: the source may have room again. */
  furthestMoved?(): void
  /** The end can be read. */
  ended?(end: EndEvent): void
  /** The store has lost this stream, or given it to another producer: nothing that is appended here counts any more. */
  lost?(code: ClosedCode): void
  /** A message for the source. `false`: not taken. */
  message?(message: Json): boolean
}
