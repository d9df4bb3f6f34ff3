import { requireInteger, requireKnownNames, requireNumber, withDefault } from '../events/option-rules.ts'
import type { ChunkingPolicy } from './policy.ts'
import { honourWishes } from './honour-wishes.ts'

/** Options of {@link adaptive}. */
export interface AdaptiveOptions {
  /** Tokens at the start that never wait for others. Default 3. */
  firstTokens?: number | undefined
  /** Tokens a chunk grows towards. Default 16. */
  targetTokens?: number | undefined
  /** Longest time a token waits for others, in milliseconds. Default 50. */
  maxDelayMs?: number | undefined
}

/** Defaults of {@link adaptive}. */
export const DEFAULT_ADAPTIVE_OPTIONS = { firstTokens: 3, targetTokens: 16, maxDelayMs: 50 } as const

/** From the last of the first tokens on, a chunk may be this part of what was sent before it. */
const GROWTH = 0.5
/** Chunks closer together than this, in milliseconds, are fewer and larger: nobody sees the difference. */
const CLOSE_MS = 1
const CLOSE_FACTOR = 4
/** Loop lag, in milliseconds, from which each doubling doubles the target: a busy process gains most from fewer writes. */
const LAG_STEP_MS = 5
const MAX_LAG_FACTOR = 8

/**
 * Small early, larger later: the first tokens leave at the end of their turn, then chunks grow with the reader's
 * position towards `targetTokens`. A burst leaves as one chunk, and so does all that gathered while the sink waited.
 * When the event loop lags, or chunks would follow each other within a millisecond, they grow beyond the target. No token waits longer than `maxDelayMs`.
 * A client's wishes make delay and chunks smaller, never larger.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const sluice = createSluice({ reader: { chunking: adaptive({ maxDelayMs: 400 }) } })
 * ```
 */
export function adaptive(options: AdaptiveOptions = {}): ChunkingPolicy {
  requireKnownNames('adaptive', options, Object.keys(DEFAULT_ADAPTIVE_OPTIONS))
  const defaults = DEFAULT_ADAPTIVE_OPTIONS
  const firstTokens = requireInteger('firstTokens', withDefault(options.firstTokens, defaults.firstTokens), 0, 65_536)
  const targetTokens = requireInteger(
    'targetTokens',
    withDefault(options.targetTokens, defaults.targetTokens),
    1,
    65_536,
  )
  const maxDelayMs = requireNumber('maxDelayMs', withDefault(options.maxDelayMs, defaults.maxDelayMs), 0, 60_000)
  return honourWishes(`adaptive-${targetTokens}`, maxDelayMs, (maxTokens) => (view) => {
    if (view.position < firstTokens || !view.writable) return view.pending
    const grown = Math.max(2, Math.ceil((view.position - firstTokens + 1) * GROWTH))
    const closeFactor = view.sinceLastMs < CLOSE_MS ? CLOSE_FACTOR : 1
    const target = Math.min(grown, targetTokens) * Math.max(closeFactor, lagFactor(view.loopLagMs))
    const wanted = Math.min(target, maxTokens)
    return view.pending >= wanted ? view.pending : -Math.ceil(wanted)
  })
}

function lagFactor(loopLagMs: number): number {
  return loopLagMs <= LAG_STEP_MS ? 1 : Math.min(MAX_LAG_FACTOR, loopLagMs / LAG_STEP_MS)
}
