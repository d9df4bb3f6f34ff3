/**
 * The part of its time bound by which a chunk may leave early, at the tick of a clock that all readers with that bound
 * share: a timer for each of them would cost more than what it sends. No more: in a larger part the next token may come.
 */
const TICK_PART = 1 / 50

/** When events leave at the latest that became readable at `sinceMs` and may wait for `boundMs`. */
export function chunkDeadlineMs(boundMs: number, sinceMs: number): number {
  const tickMs = boundMs * TICK_PART
  const dueMs = sinceMs + boundMs
  return tickMs > 0 ? Math.min(dueMs, Math.floor(dueMs / tickMs) * tickMs) : dueMs
}
