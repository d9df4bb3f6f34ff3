/** Parts that the time is divided into, at most; then two of them become one. */
const MOST_BINS = 256
/** How long a part is at first. */
const FIRST_BIN_MS = 250
/** How many of the last lines it is known of how long they took. */
const TIMES = 128

/** A {@link RateLog} as JSON. */
export interface RateLogState {
  readonly startMs: number
  readonly binMs: number
  /** Lines that were done in each part. */
  readonly bins: readonly number[]
  /** How long the last lines took. */
  readonly times: readonly number[]
}

/**
 * How many lines were done when, since the beginning: a few hundred numbers, however long it goes on. Times are milliseconds of any clock
 * that does not go back.
 *
 * @example
 * ```ts
 * const log = new RateLog(Date.now())
 * log.add(Date.now(), 1_200) // a line was done, and took 1.2 s
 * const later = RateLog.from(JSON.parse(JSON.stringify(log)))
 * ```
 */
export class RateLog {
  #startMs: number
  #binMs = FIRST_BIN_MS
  #bins: number[] = []
  #times: number[] = []
  #next = 0

  /** Begins at a time. */
  constructor(startMs: number) {
    this.#startMs = startMs
  }

  /** One that was kept as JSON. */
  static from({ startMs, binMs, bins, times }: RateLogState): RateLog {
    const log = new RateLog(startMs)
    log.#binMs = binMs
    log.#bins = [...bins]
    log.#times = [...times]
    return log
  }

  /** When it began; later where time was left out. */
  get startMs(): number {
    return this.#startMs
  }

  /** The shortest time of which it is known what was done in it. */
  get binMs(): number {
    return this.#binMs
  }

  /** How long the last lines took, in milliseconds, in no order. */
  get times(): readonly number[] {
    return this.#times
  }

  /** A line was done that took so long. */
  add(nowMs: number, tookMs: number): void {
    const at = this.#binAt(nowMs)
    while (this.#bins.length <= at) this.#bins.push(0)
    this.#bins[at]!++
    this.#times[this.#next] = tookMs
    this.#next = (this.#next + 1) % TIMES
  }

  /** Nobody has worked for so long, before now: it does not count. */
  leaveOut(ms: number): void {
    this.#startMs += ms
  }

  /** Lines that were done until each end of a part, until `nowMs`: the first number is 0. */
  sums(nowMs: number): number[] {
    const last = this.#binAt(nowMs)
    const sums = [0]
    for (let bin = 0; bin <= last; bin++) sums.push(sums[bin]! + (this.#bins[bin] ?? 0))
    return sums
  }

  /** What is to be kept to go on later. */
  toJSON(): RateLogState {
    return { startMs: this.#startMs, binMs: this.#binMs, bins: this.#bins, times: this.#times }
  }

  #binAt(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#startMs)
    while (elapsedMs >= MOST_BINS * this.#binMs) this.#halve()
    return Math.floor(elapsedMs / this.#binMs)
  }

  #halve(): void {
    const { length } = this.#bins
    this.#bins = Array.from(
      { length: Math.ceil(length / 2) },
      (_, at) => this.#bins[2 * at]! + (this.#bins[2 * at + 1] ?? 0),
    )
    this.#binMs *= 2
  }
}
