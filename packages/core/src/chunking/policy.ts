/** What a chunking policy may look at. All of it is about one reader. */
export interface PolicyView {
  /** Events this reader was given before. 0 for its first. */
  readonly position: number
  /** Events readable and not yet given. */
  readonly pending: number
  /** Their size in bytes: UTF-8 length plus a fixed cost per event. */
  readonly pendingBytes: number
  /** How long the oldest pending event has been readable, in milliseconds. */
  readonly oldestMs: number
  /** How long ago the latest chunk was given, in milliseconds; `Infinity` before the first. */
  readonly sinceLastMs: number
  /** False while the reader is fed what was logged before it attached. */
  readonly live: boolean
  /** False when the sink made us wait since the last chunk. */
  readonly writable: boolean
  /** How late the event loop runs, in milliseconds. */
  readonly loopLagMs: number
  /** True when no more events will come. */
  readonly ended: boolean
  /** The pending text, events without text left out. Costs a join: ask only when the decision needs it. */
  text(): string
  /** The text of each pending event, `undefined` for one without; as dear as {@link text}. */
  pieces(): readonly (string | undefined)[]
}

/** Tokens per second that a reader may be given, with a burst. */
export interface Pace {
  tokensPerSecond: number
  burstTokens: number
}

/**
 * Decides how many tokens travel together: pure, named, without a clock of its own.
 *
 * `take` is asked at the end of a turn in which events became readable, and again when `maxDelayMs` is over. A positive
 * number takes that many events at once (more than pending: all). 0 waits for the next event or the time bound.
 * A negative number −n also waits, and promises not to be interested before n events are pending.
 * Whatever it says, everything leaves when the oldest event has waited `maxDelayMs` or the stream has ended.
 *
 * @example
 * ```ts
 * const inPairs: ChunkingPolicy = { name: 'pairs', maxDelayMs: 100, take: (view) => (view.pending >= 2 ? 2 : -2) }
 * ```
 */
export interface ChunkingPolicy {
  readonly name: string
  /** Longest time an event waits in the chunker, in milliseconds. 0: nothing waits. */
  readonly maxDelayMs: number
  /** Limits what is readable at all; the chunker sees only what the pace has let through. Replay is never paced. */
  readonly pace?: Pace | undefined
  take(view: PolicyView): number
}
