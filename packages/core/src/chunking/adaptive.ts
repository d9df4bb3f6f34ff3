import { requireInteger, requireKnownNames, requireNumber, withDefault } from '../events/option-rules.ts'
import type { Chunker, ChunkingPolicy } from './policy.ts'
import { NO_WISHES, wishedLimits } from './wishes.ts'

/** Options of {@link adaptive}. */
export interface AdaptiveOptions {
  /** Tokens at the start that never wait for others. Default 3. */
  firstTokens?: number | undefined
  /** Tokens a chunk grows towards. Default 16. */
  targetTokens?: number | undefined
  /** Longest time a token waits for others, in milliseconds, where the client wishes nothing. Default 50. */
  maxDelayMs?: number | undefined
  /** Longest time that a client may wish for, in milliseconds; not less than `maxDelayMs` is granted. Default 120. */
  wishedDelayMs?: number | undefined
}

/** Defaults of {@link adaptive}. */
export const DEFAULT_ADAPTIVE_OPTIONS = {
  firstTokens: 3,
  targetTokens: 16,
  maxDelayMs: 50,
  wishedDelayMs: 120,
} as const

/** From the last of the first tokens on, a chunk may be this part of what was sent before it. */
const GROWTH = 0.5
/** Where text is painted as it comes, the median token may wait for this part of the bound: of 50 ms not quite a frame, which nobody sees. */
const MEDIAN = 0.28
/** A longer bound than this, in milliseconds, says that nobody watches each word: all of it may be used. */
const WATCHED_MS = 50
/** Waiting for a token that is due just before the bound would mostly be waiting for nothing. */
const IN_TIME = 0.9
/** Chunks closer together than this, in milliseconds, are fewer and larger: nobody sees the difference. */
const CLOSE_MS = 1
const CLOSE_FACTOR = 4
/** Loop lag, in milliseconds, from which each doubling doubles the target: a busy process gains most from fewer writes. */
const LAG_STEP_MS = 5
const MAX_LAG_FACTOR = 8

/**
 * Small early, larger later: the first tokens leave at the end of their turn, then chunks grow with the reader's
 * position towards `targetTokens`, as far as the source is fast enough: no chunk waits for a token that will come too late
 * for it. Where text is painted as it comes, the median token waits little more than a quarter of `maxDelayMs`, and one in a slow
 * answer waits for nothing. A client that wishes for a delay, because it paces what it paints, has all of it used.
 *
 * A burst leaves as one chunk, and so does all that gathered while the sink waited. When the event loop lags, or chunks would
 * follow each other within a millisecond, they grow beyond the target. No token waits longer than `maxDelayMs`, or than its
 * client's wish, which `wishedDelayMs` bounds.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const sluice = createSluice({ reader: { chunking: adaptive({ maxDelayMs: 400 }) } })
 * ```
 */
export function adaptive(options: AdaptiveOptions = {}): ChunkingPolicy {
  const defaults = DEFAULT_ADAPTIVE_OPTIONS
  requireKnownNames('adaptive', options, Object.keys(defaults))
  const tokens = (name: 'firstTokens' | 'targetTokens', least: number): number =>
    requireInteger(name, withDefault(options[name], defaults[name]), least, 65_536)
  const [firstTokens, targetTokens] = [tokens('firstTokens', 0), tokens('targetTokens', 1)]
  const delayMs = (name: 'maxDelayMs' | 'wishedDelayMs'): number =>
    requireNumber(name, withDefault(options[name], defaults[name]), 0, 60_000)
  const maxDelayMs = delayMs('maxDelayMs')
  const mostMs = Math.max(maxDelayMs, delayMs('wishedDelayMs'))

  function takeUpTo(maxTokens: number, inTime: (gapMs: number) => number): Chunker['take'] {
    return (view) => {
      if (view.position < firstTokens || !view.writable) return view.pending
      const grown = Math.max(2, Math.ceil((view.position - firstTokens + 1) * GROWTH))
      const { sourceRate } = view
      const reachable = sourceRate === undefined ? Infinity : inTime(1_000 / sourceRate)
      const closeFactor = view.sinceLastMs < CLOSE_MS ? CLOSE_FACTOR : 1
      const target = Math.min(grown, targetTokens, reachable) * Math.max(closeFactor, lagFactor(view.loopLagMs))
      const wanted = Math.min(target, maxTokens)
      return view.pending >= wanted ? view.pending : -Math.ceil(wanted)
    }
  }

  const medianMs = MEDIAN * maxDelayMs + (1 - MEDIAN) * Math.max(0, maxDelayMs - WATCHED_MS)
  /** Tokens of a chunk whose last one comes in time for the first, so many milliseconds apart. */
  const within = (boundMs: number, gapMs: number): number => 1 + Math.floor((IN_TIME * boundMs) / gapMs)
  /** … and of which half wait no longer than they may. */
  const unseen = (gapMs: number): number => Math.min(within(maxDelayMs, gapMs), 2 + 2 * Math.floor(medianMs / gapMs))
  const unwished: Chunker = { boundMs: maxDelayMs, take: takeUpTo(Infinity, unseen) }
  return {
    name: `adaptive-${targetTokens}`,
    maxDelayMs: mostMs,
    create({ wishes }) {
      if (wishes === NO_WISHES) return unwished
      const { boundMs, maxTokens } = wishedLimits(wishes, wishes.maxDelayMs === undefined ? maxDelayMs : mostMs)
      const asWished = wishes.maxDelayMs === undefined ? unseen : (gapMs: number): number => within(boundMs, gapMs)
      return { boundMs, maxTokens, take: takeUpTo(maxTokens, asWished) }
    },
  }
}

function lagFactor(loopLagMs: number): number {
  return loopLagMs <= LAG_STEP_MS ? 1 : Math.min(MAX_LAG_FACTOR, loopLagMs / LAG_STEP_MS)
}
