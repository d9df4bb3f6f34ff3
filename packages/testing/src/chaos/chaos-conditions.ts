import type { Buffer } from 'node:buffer'

/** Which way bytes travel through the proxy. */
export type ChaosDirection = 'toClient' | 'toServer'

/** What a direction does to the bytes that travel through it. Nothing, by default. */
export interface ChaosConditions {
  /** Every byte arrives this much later. */
  latencyMs?: number | undefined
  /** Up to this much is added to the latency, by seed. Order is kept, as TCP keeps it. */
  jitterMs?: number | undefined
  /**
   * Part of the segments (1,460 bytes) that are lost, from 0 to 1, by seed. As over TCP a loss is a delay: what was lost, and all that
   * was sent after it, arrives `lossDelayMs` later.
   */
  lossRate?: number | undefined
  /**
   * How long it takes until what was lost is sent again.
   * @defaultValue 200, the shortest time that Linux waits
   */
  lossDelayMs?: number | undefined
  /** Bandwidth. */
  bytesPerSecond?: number | undefined
  /** Longest write, in bytes, each in a turn of its own. 1: every byte arrives alone. */
  split?: number | undefined
  /** Bytes gathered before they are written at once. After 20 ms of silence what there is goes on. */
  merge?: number | undefined
}

/**
 * How a connection is cut. `rst`: both sides are reset. `fin`: both sides are closed politely. `half-close`: the receiving
 * side sees the end, the sending side may go on talking to nobody, and the other direction works.
 */
export type ChaosCutKind = 'rst' | 'fin' | 'half-close'

/** When and how to cut. */
export interface ChaosCut {
  how: ChaosCutKind
  /**
   * Cuts the first connection through which this many bytes have travelled since, be it open now or later; bytes beyond
   * do not arrive. Without it every open connection is cut at once.
   */
  afterBytes?: number | undefined
  /**
   * The direction in which bytes are counted.
   * @defaultValue 'toClient'
   */
  direction?: ChaosDirection | undefined
  /**
   * Cuts every connection that gets so far, not only the first, until `heal()`.
   * @defaultValue false
   */
  every?: boolean | undefined
}

/** What to swallow. */
export interface ChaosSwallow {
  /** @defaultValue 'toClient' */
  direction?: ChaosDirection | undefined
  /** Cuts the connection right after, as a broken network would: without it later replies answer the wrong question. */
  thenCut?: ChaosCutKind | undefined
}

/** A swallow that waits for its chunk. */
export interface ArmedSwallow {
  readonly thenCut: ChaosCutKind | undefined
  readonly swallowed: (bytes: Uint8Array) => void
}

/** What all connections of a proxy have in common in one direction. */
export interface SharedDirection {
  conditions: ChaosConditions
  paused: boolean
  blackholed: boolean
  cut: (ChaosCut & { afterBytes: number }) | undefined
  readonly swallows: ArmedSwallow[]
}

/** Bytes on their way, and when they arrive. */
export interface Travelling {
  bytes: Buffer
  readonly dueMs: number
}

/** Numbers from 0 to 1, the same for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
