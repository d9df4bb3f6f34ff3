import { drainTime, usualAges } from './drain-time.ts'
import { History } from './history.ts'
import type { RateLog } from './rate-log.ts'

/** When a batch will be done, as far as it can be said. Times are milliseconds of the clock that was asked with. */
export interface Eta {
  /** Eight times in ten or more the batch is done between this time and `latestMs`. */
  readonly earliestMs: number
  readonly likelyMs: number
  readonly latestMs: number
  readonly basis: EtaBasis
}

/** What an {@link Eta} rests on. */
export interface EtaBasis {
  /** Lines of this batch that are done. */
  readonly done: number
  /** Lines that were done a second in the window, those of others included. */
  readonly perSecond: number
  /** The window: so many seconds until now. */
  readonly windowS: number
  /** Lines of others that are done before the last of this batch. */
  readonly ahead: number
}

/** What is asked. */
export interface EtaQuestion {
  readonly nowMs: number
  /** Lines of this batch that are done, since `log` began. */
  readonly done: number
  /** Lines of it that are not. */
  readonly remaining: number
  /**
   * Lines of others that will be done before its last.
   * @defaultValue 0
   */
  readonly ahead?: number | undefined
  /**
   * Lines of others that were, or will be, done before its last, and that came since `log` began. More of the kind are expected.
   * @defaultValue 0
   */
  readonly joined?: number | undefined
  /** How long the lines of this batch that run have taken, in milliseconds. Left out, it is guessed. */
  readonly ages?: readonly number[] | undefined
}

/** With fewer lines done nothing is said. */
export const LEAST_DONE = 20

/** Lines of a window, at least. */
const WINDOW_LINES = 40
const MOST_WINDOWS = 7
/** How far off a prediction is thought to be, in logarithms, before there are some to look at; and how many it counts for. */
const PRIOR = 0.14
const PRIOR_WEIGHT = 2
/** What lies ahead further than can be looked back at is the less certain: by the root of the quotient, which is no more than this. */
const MOST_STRETCH = 3
/** Standard deviations to each side. */
const SIDES = 1.35
/** Of the lines that others add, if they go on as before: so many come before the last of ours. Whoever comes later finds fewer. */
const BEFORE_LAST = 0.35
/** Others may do so although none has yet: as a part of what they have. */
const SURPRISE = 0.15

/**
 * When a batch will be done: `null` until 20 lines of it are. It is found by how many lines were done in the last minutes, the lines of
 * others that come first included, and by how long the last lines will take. How far it may be off is what predictions of the same kind
 * would have been off since the batch began. A pure function: ask it anew whenever somebody reads.
 *
 * @example
 * ```ts
 * const startMs = Date.now() - 60_000
 * const log = new RateLog(startMs)
 * for (let line = 1; line <= 600; line++) log.add(startMs + 100 * line, 800)
 * estimateEnd(log, { nowMs: startMs + 60_000, done: 600, remaining: 1_400 })?.basis.perSecond // 10
 * ```
 */
export function estimateEnd(log: RateLog, question: EtaQuestion): Eta | null {
  const { nowMs, done, remaining, ahead = 0, joined = 0 } = question
  if (done < LEAST_DONE) return null
  const history = new History(log, nowMs)
  const { elapsedMs } = history
  const { windowMs, spread } = bestWindow(log, history, remaining + ahead)
  const rate = history.countLast(windowMs) / windowMs
  const basis = { done, perSecond: 1_000 * rate, windowS: windowMs / 1_000, ahead }
  if (remaining === 0) return { earliestMs: nowMs, likelyMs: nowMs, latestMs: nowMs, basis }

  const ages = (question.ages ?? agesOf(log, rate)).slice(0, remaining)
  const drain = drainTime(log.times, ages)
  const own = remaining - ages.length
  const coming = own === 0 ? 0 : ((joined / elapsedMs) * BEFORE_LAST * (own + ahead)) / rate
  const waiting = own + ahead + coming
  const waitMs = waiting / rate
  const counted = Math.sqrt(spread ** 2 + 1 / Math.max(1, rate * windowMs) + 1 / (waiting + 1))
  const below = Math.hypot(waitMs * (1 - Math.exp(-SIDES * counted)), drain.likely - drain.earliest, coming / rate)
  const surprise = own === 0 ? 0 : (coming + SURPRISE * ahead) / rate
  const above = Math.hypot(waitMs * (Math.exp(SIDES * counted) - 1), drain.latest - drain.likely, surprise)
  const likelyMs = nowMs + waitMs + drain.likely
  return { earliestMs: Math.max(nowMs, likelyMs - below), likelyMs, latestMs: likelyMs + above, basis }
}

/** The window by which the past would have been predicted best, and how far that is off. */
function bestWindow(log: RateLog, history: History, left: number): { windowMs: number; spread: number } {
  const { elapsedMs } = history
  const aheadMs = (left * elapsedMs) / history.countLast(elapsedMs)
  const horizonMs = Math.min(aheadMs, elapsedMs / 2)
  let best = { windowMs: elapsedMs, spread: Infinity }
  for (let halved = 0; halved < MOST_WINDOWS; halved++) {
    const windowMs = elapsedMs / 2 ** halved
    if (halved > 0 && (history.countLast(windowMs) < WINDOW_LINES || windowMs < 2 * log.binMs)) break
    const { error, weight } = history.misses(windowMs, horizonMs)
    const spread = Math.sqrt((error ** 2 * weight + PRIOR ** 2 * PRIOR_WEIGHT) / (weight + PRIOR_WEIGHT))
    if (spread < best.spread) best = { windowMs, spread }
  }
  const stretch = Math.min(MOST_STRETCH, Math.max(1, aheadMs / Math.max(horizonMs, 1)))
  return { ...best, spread: best.spread * Math.sqrt(stretch) }
}

function agesOf({ times }: RateLog, rate: number): number[] {
  const meanMs = times.reduce((sum, ms) => sum + ms, 0) / times.length
  return usualAges(times, Math.max(1, Math.round(rate * meanMs)))
}
