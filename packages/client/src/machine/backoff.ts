import type { ResolvedResumeOptions } from './resume-options.ts'

/** How long to wait before the next connection: full jitter, so that clients that were dropped together come back apart. */
export class Backoff {
  readonly #options: ResolvedResumeOptions
  readonly #random: () => number
  #baseMs: number
  #attempt = 0

  constructor(options: ResolvedResumeOptions, random: () => number) {
    this.#options = options
    this.#random = random
    this.#baseMs = options.baseMs
  }

  /** The server's wish for a first delay. */
  setBase(retryMs: number): void {
    this.#baseMs = Math.min(retryMs, this.#options.capMs)
  }

  reset(): void {
    this.#attempt = 0
  }

  /** `leastMs`: what the server asked for; nobody comes before it is over, and not all at once after it. */
  nextMs(leastMs = 0): number {
    // Beyond 2^31 the cap has long been reached.
    const longest = Math.min(this.#options.capMs, this.#baseMs * 2 ** Math.min(this.#attempt++, 31))
    return leastMs + this.#random() * longest
  }

  /** For a reconnect that the server planned: whoever takes over is ready. */
  soonMs(): number {
    return this.#random() * this.#baseMs
  }
}
