import type { RateLog } from './rate-log.ts'

/** Places in the past from which a prediction is looked at. */
const LOOKS = 24
/** What a prediction was off where nothing was done, in logarithms. */
const STOOD_STILL = 1

/** How far predictions of the past were off. */
export interface Misses {
  /** The root of the mean square, in logarithms: 0.1 is a tenth. */
  readonly error: number
  /** How many predictions it rests on that have little to do with another. */
  readonly weight: number
}

/** What a {@link RateLog} says at a time. Times are milliseconds since it began. */
export class History {
  readonly elapsedMs: number
  readonly #sums: readonly number[]
  readonly #binMs: number

  constructor(log: RateLog, nowMs: number) {
    this.#sums = log.sums(nowMs)
    this.#binMs = log.binMs
    this.elapsedMs = Math.max(nowMs - log.startMs, 1)
  }

  /** Lines that were done in the last so many milliseconds. */
  countLast(windowMs: number): number {
    return this.#countUntil(this.elapsedMs) - this.#countUntil(this.elapsedMs - windowMs)
  }

  /**
   * How far off one was who predicted what is done in `horizonMs` by what was done in the `windowMs` before; or, where that is all the time
   * there was, by what was done before.
   */
  misses(windowMs: number, horizonMs: number): Misses {
    const isWhole = windowMs >= this.elapsedMs
    const first = isWhole ? horizonMs / 2 : windowMs
    const last = this.elapsedMs - horizonMs
    if (last < first) return { error: 0, weight: 0 }
    let sum = 0
    for (let look = 0; look <= LOOKS; look++) {
      const at = first + ((last - first) * look) / LOOKS
      const before = (this.#countUntil(at) - this.#countUntil(isWhole ? 0 : at - windowMs)) / (isWhole ? at : windowMs)
      const after = (this.#countUntil(at + horizonMs) - this.#countUntil(at)) / horizonMs
      sum += before > 0 && after > 0 ? Math.log(after / before) ** 2 : STOOD_STILL
    }
    return { error: Math.sqrt(sum / (LOOKS + 1)), weight: Math.max(0.5, (last - first) / horizonMs) }
  }

  #countUntil(ms: number): number {
    const whole = this.#sums.at(-1)!
    if (ms >= this.elapsedMs) return whole
    const place = Math.max(0, ms)
    const bin = Math.floor(place / this.#binMs)
    const low = this.#sums[bin]!
    const high = this.#sums[bin + 1] ?? whole
    // The last part has only begun.
    const lengthMs = Math.min(this.#binMs, this.elapsedMs - bin * this.#binMs)
    return low + (high - low) * Math.min(1, (place - bin * this.#binMs) / lengthMs)
  }
}
