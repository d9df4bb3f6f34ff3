/** A token bucket in plain numbers: refilled by time, never above its burst. */
export class TokenBucket {
  #perMs: number
  #burst: number
  #level: number
  #atMs: number

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#level = burst
    this.#atMs = nowMs
  }

  /** Whole tokens there are now. */
  available(nowMs: number): number {
    if (nowMs > this.#atMs) {
      this.#level = Math.min(this.#burst, this.#level + (nowMs - this.#atMs) * this.#perMs)
      this.#atMs = nowMs
    }
    // Refilling in parts adds up to a hair less than a whole token; without this the last one would come a turn late.
    return Math.floor(this.#level + 1e-9)
  }

  /** Another rate from now on; what is there beyond the new burst is lost. */
  refit(perSecond: number, burst: number, nowMs: number): void {
    this.available(nowMs)
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#level = Math.min(this.#level, burst)
  }

  /** Takes so many tokens, whether they are there or not. */
  take(count: number): void {
    this.#level -= count
  }

  /** Milliseconds until there are `count`, counted from the latest look. 0 when they are there, never for more than the burst. */
  waitMs(count: number): number {
    if (count > this.#burst) return Infinity
    // A hair more, so that rounding does not end the wait just before the token is there.
    return count <= this.#level ? 0 : (count - this.#level) / this.#perMs + 0.001
  }

  /** Full again at this time: nothing is remembered of its owner that a new bucket would not know. */
  fullAtMs(): number {
    return this.#atMs + (this.#burst - this.#level) / this.#perMs
  }
}
