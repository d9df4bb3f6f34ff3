import type { ChunkingPolicy } from './policy.ts'
import { honourWishes } from './honour-wishes.ts'

/**
 * Everything leaves at the end of the turn in which it arrived: the least delay, the most writes.
 *
 * @example
 * ```ts
 * const sluice = createSluice({ reader: { chunking: immediate() } })
 * ```
 */
export function immediate(): ChunkingPolicy {
  return honourWishes('immediate', 0, () => (view) => view.pending)
}
