import { requireInteger, requireKnownNames, requireNumber, withDefault } from '../events/option-rules.ts'
import type { ChunkingPolicy } from './policy.ts'
import { honourWishes } from './honour-wishes.ts'

/** Options of {@link fixed}. */
export interface FixedOptions {
  /** Tokens per chunk. Default 8. */
  tokens?: number | undefined
  /** Longest wait for a chunk to fill, in milliseconds. Default 50. */
  maxDelayMs?: number | undefined
}

/** Defaults of {@link fixed}. */
export const DEFAULT_FIXED_OPTIONS = { tokens: 8, maxDelayMs: 50 } as const

/**
 * Chunks of `tokens` tokens, or what has arrived when the first has waited `maxDelayMs`. A client's wishes make both smaller,
 * never larger.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const sluice = createSluice({ reader: { chunking: fixed({ tokens: 4, maxDelayMs: 100 }) } })
 * ```
 */
export function fixed(options: FixedOptions = {}): ChunkingPolicy {
  requireKnownNames('fixed', options, ['tokens', 'maxDelayMs'])
  const tokens = requireInteger('tokens', withDefault(options.tokens, DEFAULT_FIXED_OPTIONS.tokens), 1, 65_536)
  const maxDelayMs = requireNumber(
    'maxDelayMs',
    withDefault(options.maxDelayMs, DEFAULT_FIXED_OPTIONS.maxDelayMs),
    0,
    60_000,
  )
  return honourWishes(`fixed-${tokens}`, maxDelayMs, (maxTokens) => {
    const wanted = Math.min(tokens, maxTokens)
    return (view) => (view.pending >= wanted ? wanted : -wanted)
  })
}
