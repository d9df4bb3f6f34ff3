import type { ChaosConditions } from './chaos-conditions.ts'

/** What a segment carries over most networks, and how long Linux waits at least before it sends one again. */
const SEGMENT_BYTES = 1_460
const LOSS_DELAY_MS = 200

/**
 * How long so many bytes travel, in milliseconds, bandwidth left out: latency, jitter, and what is lost of them and sent again.
 * The arithmetic of {@link startNetworkLink}, for simulations that have no sockets. `random` gives numbers from 0 to 1.
 *
 * @example
 * ```ts
 * const arrivesMs = runtime.now() + travelTimeMs(NETWORK_LINKS['4g'], 120, Math.random)
 * ```
 */
export function travelTimeMs(conditions: ChaosConditions, bytes: number, random: () => number): number {
  const { latencyMs = 0, jitterMs = 0, lossRate = 0, lossDelayMs = LOSS_DELAY_MS } = conditions
  const travelMs = latencyMs + jitterMs * random()
  if (lossRate === 0) return travelMs
  const arrives = (1 - lossRate) ** Math.ceil(bytes / SEGMENT_BYTES)
  return random() < arrives ? travelMs : travelMs + lossDelayMs
}
