import { requireInteger, requireKnownNames } from '@sluice/core/extend'

import { LatencyWatch } from './latency-watch.ts'

/** How {@link AdaptiveConcurrency} is bounded. */
export interface AdaptiveConcurrencyOptions {
  /** Never more than so many requests at a time: from 1 to 10,000. */
  readonly max: number
  /**
   * How many it begins with.
   * @defaultValue 8, or `max` where that is less
   */
  readonly initial?: number | undefined
}

/**
 * What a request says of the backend. `ok`: it was answered, in the time that it takes. `limited`: the backend has too much to do, or
 * allows no more (429, 503, 529). `failed`: it broke (another 5xx, no answer). `void`: nothing; the request itself was wrong, or was
 * given up.
 */
export type RequestOutcome = 'ok' | 'limited' | 'failed' | 'void'

/** A request that has begun. */
export interface BegunRequest {
  readonly atMs: number
  /** How often the limit had been changed by what went wrong. */
  readonly era: number
}

const DEFAULT_INITIAL = 8
const MOST = 10_000
const NAMES = ['max', 'initial']

/** What is left of the limit where the backend says that it is too much. */
const LIMITED_FACTOR = 0.75
/** What is left of it where requests break. */
const FAILED_FACTOR = 0.75
/** Answers for one more at a time, at least: as many as run, where that is more. */
const ANSWERS_PER_STEP = 32
/** So many more at a time for that, where it was shown that there is room. */
const FREE_STEPS = 4
/** One that breaks may do so by its own fault: so many answers make up for one. */
const ANSWERS_PER_FAILURE = 10
/** The longest pause that a backend may ask for. */
const MAX_PAUSE_MS = 300_000

/**
 * How many requests a backend gets at a time: one more for each round of answers, and a part less where it says that it has too much
 * to do, where requests break, or where answers take longer and no more of them come. Until the first such sign the number doubles
 * with each round. It is never above its bound, and never below 1. Pure: the time is given by who asks, in milliseconds of any
 * clock that does not go back.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` for a bound that is out of its range
 * @example
 * ```ts
 * const concurrency = new AdaptiveConcurrency({ max: 64 })
 * if (concurrency.waitMs(performance.now()) === 0) {
 *   const begun = concurrency.begin(performance.now())
 *   concurrency.end(begun, performance.now(), 'limited', 2_000) // 429 with Retry-After: 2
 * }
 * ```
 */
export class AdaptiveConcurrency {
  readonly #max: number
  readonly #latency: LatencyWatch = new LatencyWatch()
  #limit: number
  #running = 0
  /** The limit doubles with each round until the first sign that it is too much. */
  #doubles = true
  #era = 0
  #pausedUntilMs = -Infinity
  /** Requests that broke and that answers have not made up for. */
  #failures = 0
  #seenMs: number | undefined

  constructor(options: AdaptiveConcurrencyOptions) {
    requireKnownNames('adaptive concurrency', options, NAMES)
    this.#max = requireInteger('max', options.max, 1, MOST)
    this.#limit = requireInteger('initial', options.initial ?? Math.min(DEFAULT_INITIAL, this.#max), 1, this.#max)
  }

  /** How many may run at a time now. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  /** How many run. */
  get running(): number {
    return this.#running
  }

  /** How long the next request has to wait: 0 where it may begin; `Infinity` until one that runs has ended. */
  waitMs(nowMs: number): number {
    if (this.#running >= this.limit) return Infinity
    return Math.max(0, this.#pausedUntilMs - nowMs)
  }

  /** A request begins. */
  begin(nowMs: number): BegunRequest {
    this.#pass(nowMs)
    this.#running++
    return { atMs: nowMs, era: this.#era }
  }

  /**
   * It has ended. `retryAfterMs`: how long the backend asks to be left alone; none begins until then.
   *
   * @param begun - what {@link AdaptiveConcurrency.begin} gave
   */
  end(begun: BegunRequest, nowMs: number, outcome: RequestOutcome, retryAfterMs = 0): void {
    this.#pass(nowMs)
    const isFull = this.#running >= this.limit
    this.#running--
    if (retryAfterMs > 0)
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + Math.min(retryAfterMs, MAX_PAUSE_MS))
    if (outcome === 'ok') this.#praise(begun, isFull)
    else if (outcome === 'limited') this.#shrink(begun, LIMITED_FACTOR)
    else if (outcome === 'failed' && ++this.#failures >= 2) this.#shrink(begun, FAILED_FACTOR)
  }

  #praise(begun: BegunRequest, isFull: boolean): void {
    this.#failures = Math.max(0, this.#failures - 1 / ANSWERS_PER_FAILURE)
    const advice = this.#latency.answer(this.#limit)
    if (advice !== undefined) {
      this.#doubles = false
      this.#set(advice)
      return
    }
    // What began before it was less, or beside few others, does not say that there may be more.
    if (begun.era !== this.#era || !isFull || this.#latency.isTrying) return
    this.#set(
      this.#limit +
        (this.#doubles ? 1 : (this.#latency.isFree ? FREE_STEPS : 1) / Math.max(this.#limit, ANSWERS_PER_STEP)),
    )
  }

  /** Once for all that ran at the time: they all met the same backend. */
  #shrink(begun: BegunRequest, factor: number): void {
    if (begun.era !== this.#era) return
    this.#era++
    this.#doubles = false
    this.#failures = 0
    this.#latency.drop()
    this.#set(this.#limit * factor)
  }

  #pass(nowMs: number): void {
    this.#latency.pass(nowMs - (this.#seenMs ?? nowMs), this.#running, this.limit)
    this.#seenMs = nowMs
  }

  #set(limit: number): void {
    this.#limit = Math.min(this.#max, Math.max(1, limit))
  }
}
