import type { Scheduler } from './scheduler.ts'

/** Times that are still right after a restart, moved on by a clock that does not jump. */
export class WallClock {
  readonly #scheduler: Scheduler
  readonly #aheadMs: number

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
    this.#aheadMs = Date.now() - scheduler.now()
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#scheduler.now() + this.#aheadMs
  }

  /** A time of this clock, by that of the scheduler. */
  onScheduler(wallMs: number): number {
    return wallMs - this.#aheadMs
  }
}
