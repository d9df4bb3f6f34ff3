import type { ChunkingPolicy } from './policy.ts'

/**
 * The part of its time bound by which a chunk may leave early, at the tick of a clock that all readers with that bound
 * share: a timer for each of them would cost more than what it sends. No more: in a larger part the next token may come.
 */
const TICK_PART = 1 / 50

/** When events leave, whatever the policy says, of which the oldest has been readable since `oldestSinceMs`. */
export function chunkDeadlineMs({ maxDelayMs }: ChunkingPolicy, oldestSinceMs: number): number {
  const tickMs = maxDelayMs * TICK_PART
  const dueMs = oldestSinceMs + maxDelayMs
  return tickMs > 0 ? Math.min(dueMs, Math.floor(dueMs / tickMs) * tickMs) : dueMs
}
