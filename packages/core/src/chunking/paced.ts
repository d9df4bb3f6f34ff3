import { invalidOption, requireInteger, requireKnownNames, requireNumber, withDefault } from '../events/option-rules.ts'
import { immediate } from './immediate.ts'
import { requirePolicy } from './policy-rules.ts'
import type { ChunkingPolicy } from './policy.ts'

/** Options of {@link paced}. */
export interface PacedOptions {
  /** Tokens a second, once the burst is used up. */
  tokensPerSecond: number
  /** Tokens that may be readable at once after a silence. Default: a tenth of a second's worth, at least 1. */
  burstTokens?: number | undefined
  /** How what the pace let through is chunked. Default: at the end of its turn. */
  chunking?: ChunkingPolicy | undefined
}

/**
 * An even flow: a token bucket decides what is readable. What was logged before the reader attached is never paced.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const sluice = createSluice({ reader: { chunking: paced({ tokensPerSecond: 30, burstTokens: 5 }) } })
 * ```
 */
export function paced(options: PacedOptions): ChunkingPolicy {
  requireKnownNames('paced', options, ['tokensPerSecond', 'burstTokens', 'chunking'])
  const tokensPerSecond = requireNumber('tokensPerSecond', options.tokensPerSecond, 0.001, 1_000_000)
  const burstTokens = requireInteger(
    'burstTokens',
    withDefault(options.burstTokens, Math.max(1, Math.round(tokensPerSecond / 10))),
    1,
    1_000_000,
  )
  const chunking = requirePolicy('chunking', withDefault(options.chunking, immediate()))
  if (chunking.pace) throw invalidOption('chunking', chunking, 'a policy without a pace of its own')
  const facts = {
    name: options.chunking ? `paced-${tokensPerSecond}-${chunking.name}` : `paced-${tokensPerSecond}`,
    maxDelayMs: chunking.maxDelayMs,
    pace: { tokensPerSecond, burstTokens },
  }
  return chunking.create
    ? { ...facts, create: (reader) => chunking.create(reader) }
    : { ...facts, take: (view) => chunking.take(view) }
}
