/** Answers that a mean is taken of, at least; and at least so many for each that runs at a time. */
const ROUND = 64
const ROUND_PER_RUNNING = 2
/** How far two means after another may be above what was usual: one is now and then. */
const TOLERANCE = 1.5
/** How much of the limit a trial leaves. */
const TRIAL_FACTOR = 0.6
/** A trial that keeps so much of what was answered a second shows that there were too many. */
const KEPT = 0.8
/** One that keeps less than so much shows that there were not: between the two it may be chance. */
const SURELY_LOST = 0.7
/** Where so much of what ran was at work, there are about as many as there should be. */
const FOUND = 0.75
/** How fast what is usual follows what is less. What is more has to be shown by a trial: else it would creep up with the limit. */
const WEIGHT = 0.1
/** Rounds until a trial without a reason: what was usual may have been too much from the first. More each time it is in vain. */
const FIRST_INTERVAL = 2
/** The same after one that has found how many are at work. */
const LATER_INTERVAL = 6
const LAST_INTERVAL = 64

/** Answers with the same limit, or nearly so. */
interface Round {
  readonly count: number
  readonly meanMs: number
  /** Answers a millisecond. */
  readonly rate: number
}

/** The limit before a trial, and what was answered then. */
interface Trial {
  readonly limit: number
  readonly before: Round
  /** Answers had become long: else there was no reason but the time. */
  readonly isLong: boolean
  readonly first?: Round | undefined
}

/**
 * Finds out by how long answers take whether a backend has too many requests. Where they take longer than usual, that may be
 * the reason, or the answers may be longer, or the backend slower: so fewer are tried for two rounds. If nearly as many are answered a
 * second, the others had only waited, and it stays with as many as were at work; if not, it goes back, and what they take now is usual.
 */
export class LatencyWatch {
  #usualMs: number | undefined
  /** How many ran, times for how long: over the number of answers it is how long one takes, whichever began or ended when. */
  #runningMs = 0
  /** How long as many ran as the limit allows; where fewer ran, a part of the time. */
  #fullMs = 0
  #count = 0
  #last: Round | undefined
  #trial: Trial | undefined
  #interval = FIRST_INTERVAL
  #rounds = 0
  #isFree = false

  /** The last trial has shown that nobody waits, and nothing was wrong since. */
  get isFree(): boolean {
    return this.#isFree
  }

  /** Whether a trial goes on: the limit is not to be changed but by its outcome. */
  get isTrying(): boolean {
    return this.#trial !== undefined
  }

  /** For so long so many have run, of so many that might. */
  pass(ms: number, running: number, limit: number): void {
    this.#runningMs += ms * running
    this.#fullMs += ms * Math.min(1, running / limit)
  }

  /** An answer came. Gives another limit where it should be another. */
  answer(limit: number): number | undefined {
    this.#count++
    if (this.#count < Math.max(ROUND, ROUND_PER_RUNNING * limit)) return undefined
    const round = {
      count: this.#count,
      meanMs: this.#runningMs / this.#count,
      rate: this.#count / Math.max(this.#fullMs, Number.MIN_VALUE),
    }
    this.#forget()
    if (!this.#trial) return this.#compare(round, limit)
    if (this.#trial.first) return this.#judge(this.#trial, both(this.#trial.first, round))
    this.#trial = { ...this.#trial, first: round }
    return undefined
  }

  /** The limit was changed for another reason. */
  drop(): void {
    this.#forget()
    this.#last = undefined
    this.#trial = undefined
    this.#isFree = false
  }

  #forget(): void {
    this.#runningMs = 0
    this.#fullMs = 0
    this.#count = 0
  }

  #compare(round: Round, limit: number): number | undefined {
    const last = this.#last
    this.#last = round
    const usualMs = (this.#usualMs ??= round.meanMs)
    if (round.meanMs < usualMs) this.#usualMs += WEIGHT * (round.meanMs - usualMs)
    this.#rounds++
    if (!last || limit < 2) return undefined
    const isLong = Math.min(round.meanMs, last.meanMs) > TOLERANCE * usualMs
    if (!isLong && this.#rounds < this.#interval) return undefined
    // Where answers have become long, the round before may have been half of another time.
    this.#trial = { limit, before: isLong ? round : both(last, round), isLong }
    return limit * TRIAL_FACTOR
  }

  #judge({ limit, before, isLong }: Trial, now: Round): number | undefined {
    this.#trial = undefined
    this.#last = undefined
    this.#rounds = 0
    if (now.rate < KEPT * before.rate) {
      const isSure = now.rate < SURELY_LOST * before.rate
      this.#isFree = isSure
      if (!isLong) this.#interval = Math.min(isSure ? 2 * this.#interval : this.#interval + 1, LAST_INTERVAL)
      this.#usualMs = before.meanMs
      return limit
    }
    this.#isFree = false
    // So many are at work to give what was answered before, if each takes what it takes now.
    const atWork = before.rate * now.meanMs
    this.#interval = atWork > FOUND * limit ? LATER_INTERVAL : FIRST_INTERVAL
    return Math.min(limit, Math.max(atWork, limit * TRIAL_FACTOR))
  }
}

function both(a: Round, b: Round): Round {
  const count = a.count + b.count
  const meanMs = (a.count * a.meanMs + b.count * b.meanMs) / count
  return { count, meanMs, rate: count / (a.count / a.rate + b.count / b.rate) }
}
