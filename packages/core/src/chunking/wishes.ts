import { requireKnownNames, requirePositive } from '../events/option-rules.ts'

/** What a client wishes of how its tokens travel. The server's policy honours it within limits of its own. */
export interface ChunkingWishes {
  /** Longest time a token is to wait for others, in milliseconds; above 0. */
  readonly maxDelayMs?: number | undefined
  /** Tokens that a chunk is to carry at most; above 0. */
  readonly maxTokens?: number | undefined
}

/** What a client wishes that said nothing. */
export const NO_WISHES: ChunkingWishes = {}

/** `wishes`, if they are ones. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireWishes(wishes: ChunkingWishes): ChunkingWishes {
  if (wishes === NO_WISHES) return wishes
  requireKnownNames('wishes', wishes, ['maxDelayMs', 'maxTokens'])
  const { maxDelayMs, maxTokens } = wishes
  if (maxDelayMs === undefined && maxTokens === undefined) return NO_WISHES
  if (maxDelayMs !== undefined) requirePositive('wishes.maxDelayMs', maxDelayMs)
  if (maxTokens !== undefined) requirePositive('wishes.maxTokens', maxTokens)
  return { maxDelayMs, maxTokens }
}

/** What a chunker keeps to where a client has wishes: a delay of at most the server's, chunks of at most the client's size. */
export function wishedLimits(
  { maxDelayMs = Infinity, maxTokens = Infinity }: ChunkingWishes,
  serverDelayMs: number,
): { boundMs: number; maxTokens: number } {
  return { boundMs: Math.min(maxDelayMs, serverDelayMs), maxTokens: Math.max(1, Math.floor(maxTokens)) }
}
