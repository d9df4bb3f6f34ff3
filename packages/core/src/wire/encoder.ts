import type { Entry } from '../log/entry.ts'
import type { WireFacts } from '../store/stream-facts.ts'
import type { Closed, Opened } from '../events/notice.ts'
import type { ResumeState } from '../events/resume-state.ts'
import type { WireBytes } from './sink.ts'

/** What an encoder is told before its first chunk. */
export interface EncoderStart {
  opened: Opened
  /** What happened before the first entry, folded: which choices began, which tool calls are known. */
  resumeState: ResumeState
  /**
   * `start`: from the first event. `continue`: the same client's output goes on after a drop, so nothing is repeated.
   * `middle`: a new client begins here, so what is open must be re-opened.
   */
  mode: 'start' | 'continue' | 'middle'
  /** True when the stream had already failed or ended and this reading only replays it. */
  ended: boolean
}

/**
 * Turns chunks into one wire's bytes and holds that wire's state. One per delivery.
 *
 * Where one event becomes several wire events, only the last may carry a resume position.
 */
export interface Encoder {
  /** First bytes of the reading; called once, before anything else. */
  open(start: EncoderStart): WireBytes
  /** A run of events, in order. The last one of a stream has type `end`. */
  encode(chunk: readonly Entry[]): WireBytes
  /** This reading is over though the stream may not be. Never looks like a complete end. */
  closed(notice: Closed): WireBytes
  /** Bytes that keep the connection alive and mean nothing. */
  heartbeat(): WireBytes
}

/**
 * A format on a transport, by name. `create` makes the encoder of one reading; `facts` are what was stored with the
 * stream when it was started on this wire (model, created, …), so that any instance encodes it identically.
 */
export interface Wire {
  readonly name: string
  /** Value of the `Content-Type` header where the transport is HTTP. */
  readonly contentType: string
  /** True when this wire's readers can resume by cursor and understand `closed`. */
  readonly resumable: boolean
  create(facts: WireFacts): Encoder
}
