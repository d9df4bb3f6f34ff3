import type { Ledger, Station } from '@sluice/simulator'
import { percentiles } from '../../traffic/percentiles.ts'

/**
 * Server CPU, in µs: a token on its way through source, log and encoder, and a write. Measured: paced-500 costs 23 µs a token
 * with a write each, 11 with one write for sixteen (`results/2026-11-26.md`).
 */
const TOKEN_US = 10.4
const WRITE_US = 12.9
/** A pause between two paints that a reader sees, where the model made none. */
const STUTTER_MS = 100

/** One stream's, or the means of many. */
export interface Figures {
  /** Until the first token is written, has arrived and is painted, in milliseconds since it was there. */
  readonly firstWrittenMs: number
  readonly firstArrivedMs: number
  readonly firstPaintedMs: number
  /** From the time a token is there until it is written, in milliseconds. */
  readonly writtenP50Ms: number
  readonly writtenP99Ms: number
  /** The same until it is painted. */
  readonly paintedP50Ms: number
  readonly paintedP99Ms: number
  /** The longest gaps between paints, in milliseconds. */
  readonly gapP99Ms: number
  /** Part of the time from first to last paint that passes in pauses which the model did not make, from 0 to 1. */
  readonly stutter: number
  readonly tokensPerChunk: number
  readonly packetsPerToken: number
  /** All bytes that travel for a token, less its text. */
  readonly overheadBytes: number
  readonly heldByServer: number
  readonly heldByClient: number
  readonly serverUsPerToken: number
}

/** What `ledger` says, once it is complete. */
export function figuresOf(ledger: Ledger): Figures {
  const { trace, times, paints, chunks, packets, carriedBytes, chars } = ledger
  const tokens = trace.atMs.length
  const delays = (station: Station): Float64Array => times[station].map((atMs, token) => atMs - trace.atMs[token]!)
  const [written, arrived, painted] = [delays('written'), delays('arrived'), delays('painted')]
  const [writtenTail, paintedTail] = [percentiles(written), percentiles(painted)]
  const gaps = paints.slice(1).map((atMs, index) => atMs - paints[index]!)
  return {
    firstWrittenMs: written[0]!,
    firstArrivedMs: arrived[0]!,
    firstPaintedMs: painted[0]!,
    writtenP50Ms: writtenTail.p50,
    writtenP99Ms: writtenTail.p99,
    paintedP50Ms: paintedTail.p50,
    paintedP99Ms: paintedTail.p99,
    gapP99Ms: percentiles(gaps).p99,
    stutter: stutterOf(ledger, gaps),
    tokensPerChunk: tokens / chunks,
    packetsPerToken: packets / tokens,
    overheadBytes: (carriedBytes - chars) / tokens,
    heldByServer: ledger.heldByServer,
    heldByClient: ledger.heldByClient,
    serverUsPerToken: TOKEN_US + (WRITE_US * chunks) / tokens,
  }
}

/** Pauses of the picture beyond the longest of the model at that place. */
function stutterOf({ trace: { atMs }, paints }: Ledger, gaps: readonly number[]): number {
  const spanMs = paints.at(-1)! - paints[0]!
  if (spanMs <= 0) return 0
  const modelMs = percentiles(atMs.subarray(1).map((time, index) => time - atMs[index]!)).p99
  const seenMs = Math.max(STUTTER_MS, 1.5 * modelMs)
  return gaps.reduce((sum, gapMs) => (gapMs > seenMs ? sum + gapMs : sum), 0) / spanMs
}

/** The mean of each figure. */
export function meanOf(all: readonly Figures[]): Figures {
  const names = Object.keys(all[0] ?? {}) as (keyof Figures)[]
  const means = names.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0) / all.length])
  return Object.fromEntries(means) as Record<keyof Figures, number>
}
