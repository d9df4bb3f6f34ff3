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
   * The events before the first entry, neighbours merged, for a wire that repeats at its end what was said before;
   * `undefined` where their beginning is not kept any more. Read from the log when looked at. Empty where the reading begins
   * at the start.
   */
  past?: readonly Entry[] | undefined
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
 * Where one event becomes several wire events, only the last carries its id: a cut between them then repeats the event,
 * where an id on an earlier one would lose the rest.
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

/** How one reading is to be encoded. */
export interface EncoderOptions {
  /**
   * Whether the reader wants ids: positions that it can come back with. An encoder that is given `false` writes none; a
   * native wire, whose readers all know of them, writes them in any case.
   */
  readonly ids: boolean
}

/**
 * A format on a transport, by name. `create` makes the encoder of one reading; `facts` are what was stored with the
 * stream when it was started on this wire (model, created, …), so that any instance encodes it identically.
 *
 * @example
 * ```ts
 * const numbered: Wire = {
 *   name: 'numbered',
 *   contentType: 'text/plain; charset=utf-8',
 *   resumable: false,
 *   create: (facts, { ids }) => ({
 *     open: () => `# ${String(facts.model)}\n`,
 *     encode: (chunk) =>
 *       chunk.map(({ event, epoch, seq }) => `${ids ? `${epoch}-${seq} ` : ''}{${nativeMembers(event)}}\n`).join(''),
 *     closed: ({ code }) => `# ${code}\n`,
 *     heartbeat: () => '#\n',
 *   }),
 *   cursorOfId: (id, streamId) =>
 *     streamId !== undefined && /^\d+-\d+$/.test(id) ? `${streamId}.${id.replace('-', '.')}` : undefined,
 * }
 * ```
 */
export interface Wire {
  readonly name: string
  /** Value of the `Content-Type` header where the transport is HTTP. */
  readonly contentType: string
  /** True when this wire's readers can resume by cursor and understand `closed`. */
  readonly resumable: boolean
  /**
   * True for a wire that cannot go on in the middle without {@link EncoderStart.past}: a stream whose beginning is not kept any
   * more is refused on it. Default false.
   */
  readonly needsPast?: boolean | undefined
  /** The encoder of one reading. */
  create(facts: WireFacts, options: EncoderOptions): Encoder
  /**
   * The cursor that `id` stands for, as a client returns it that was given it by this wire; `streamId` is the stream that
   * the request names, if it does so elsewhere. `undefined` for what this wire never writes. Left out where ids are
   * cursors, which is also how an id is read that is none of this wire's.
   */
  cursorOfId?(id: string, streamId: string | undefined): string | undefined
}
