import type { ResolvedResumeOptions } from './resume-options.ts'

/** How long to wait before the next connection. */
export interface Backoff {
  /** The server's wish for a first delay. */
  setBase(retryMs: number): void
  reset(): void
  /** `leastMs`: what the server asked for; nobody comes before it is over, and not all at once after it. */
  nextMs(leastMs?: number): number
  /** For a reconnect that the server planned: whoever takes over is ready. */
  soonMs(): number
}

/** Full jitter, so that clients that were dropped together come back apart. */
export function createBackoff({ capMs, baseMs }: ResolvedResumeOptions, random: () => number): Backoff {
  let attempt = 0
  return {
    setBase: (retryMs) => void (baseMs = Math.min(retryMs, capMs)),
    reset: () => void (attempt = 0),
    // Beyond 2^31 the cap has long been reached.
    nextMs: (leastMs = 0) => leastMs + random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt++, 31)),
    soonMs: () => random() * baseMs,
  }
}
