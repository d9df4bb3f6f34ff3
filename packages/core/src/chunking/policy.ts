import type { ChunkingWishes } from './wishes.ts'

/** What a chunking policy decides by. All of it is about one reader, as of the end of the turn. */
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
  /** True while the source is not pulled until a reader has taken more: what waits now holds everybody up. */
  readonly windowHeld: boolean
  /** Tokens a second that the source gives, on average over some seconds; `undefined` until it has been measured. */
  readonly sourceRate?: number | undefined
  /** Round trip to the client in milliseconds; `undefined` until somebody has reported it. */
  readonly rttMs?: number | undefined
  /** Tokens a second that the client paints; `undefined` until somebody has reported it. */
  readonly paintRate?: number | undefined
  /** What the client wishes; empty where it said nothing. A policy honours it as far as it likes. */
  readonly wishes: ChunkingWishes
  /** The pending text, as far as it fits into one chunk, events without text left out. Costs a join: ask only when the decision needs it. */
  text(): string
  /** The text of each pending event that fits into one chunk, `undefined` for one without; as dear as {@link text}. */
  pieces(): readonly (string | undefined)[]
}

/** What is known of a reading when it begins. */
export interface PolicyReader {
  /** What its client wishes; empty where it said nothing. */
  readonly wishes: ChunkingWishes
  /** True when it does not begin with the stream's first event: its client has what came before, or wants none of it. */
  readonly resumed: boolean
  /** Events that were logged before it attached: it is given these first. */
  readonly backlogEvents: number
}

/** Tokens per second that a reader may be given, with a burst. */
export interface Pace {
  /** From 0.001 to 1,000,000. */
  tokensPerSecond: number
  /** Tokens that may be readable at once after a silence: a whole number from 1 to 1,000,000. */
  burstTokens: number
}

/** What decides when events leave. */
export interface Chunker {
  /**
   * How long events may wait, in milliseconds, from 0 to the policy's `maxDelayMs`. A number holds for the whole reading. A
   * function is asked at the end of each turn in which events became readable; what it gives holds for those events, even
   * if it would give another answer later. Default: `maxDelayMs`.
   */
  readonly boundMs?: number | ((view: PolicyView) => number) | undefined
  /** Events that a chunk may carry at most, whatever makes it leave; at least 1. Default: as many as there are. */
  readonly maxTokens?: number | undefined
  /**
   * How many events leave now. It is asked at the end of a turn in which events became readable, and again for what is left.
   * A positive number takes that many events at once (more than pending: all). 0 waits for the next event or the time bound.
   * A negative number −n also waits, and promises not to be interested before n events are pending.
   */
  take(view: PolicyView): number
}

/** What every policy has. */
export interface PolicyFacts {
  /** What it is called in errors and figures. */
  readonly name: string
  /** The most that an event ever waits in the chunker, in milliseconds, from 0 to 60,000. 0: nothing waits. */
  readonly maxDelayMs: number
  /**
   * Limits what is readable at all; the chunker is shown only what the pace has let through. What was logged before the
   * reader attached is never paced. A function is asked at the end of each turn that concerns the reader; `undefined`: no limit.
   */
  readonly pace?: Pace | ((view: PolicyView) => Pace | undefined) | undefined
}

/** A policy that remembers nothing: the same view gets the same answer. One object decides for all readings. */
export interface PurePolicy extends PolicyFacts, Chunker {
  readonly create?: undefined
}

/** A policy with phases or another state, which lives with one reading. */
export interface StatefulPolicy extends PolicyFacts {
  readonly take?: undefined
  /** Makes what decides for one reading, and may remember what it likes of it. Called once for each, before it is given anything. */
  create(reader: PolicyReader): Chunker
}

/**
 * Decides how many tokens travel together: named, without a clock and without a timer of its own.
 *
 * Whatever it says, no event waits longer than the bound it was given when it became readable, none waits while the window
 * holds the source back, and everything leaves when the stream has ended. An answer that is no number, a bound out of range
 * or an error thrown cuts the reading, with an error that names the policy.
 *
 * @example
 * ```ts
 * const inPairs: ChunkingPolicy = { name: 'pairs', maxDelayMs: 100, take: (view) => (view.pending >= 2 ? 2 : -2) }
 * const eightThenSixteen: ChunkingPolicy = {
 *   name: 'eight-then-sixteen',
 *   maxDelayMs: 200,
 *   create: () => {
 *     let wanted = 8
 *     return {
 *       take(view) {
 *         if (view.pending < wanted) return -wanted
 *         const taken = wanted
 *         wanted = 16
 *         return taken
 *       },
 *     }
 *   },
 * }
 * ```
 */
export type ChunkingPolicy = PurePolicy | StatefulPolicy
