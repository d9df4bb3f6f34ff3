import { Deadline, type Due, type Scheduler } from '@sluice/core/extend'

/** Pings without an answer after which a peer counts as gone. */
const MAX_UNANSWERED = 2

/** What {@link Liveness} watches. */
export interface Watched {
  /** False while nothing may be written: then the stall deadline watches. */
  readonly writable: boolean
  ping(): void
  gone(): void
}

/**
 * Asks a peer regularly whether it is there. Not only in silence: what is written to one that has vanished is taken by the
 * kernel for a quarter of an hour. A ping that is not answered in half a period is repeated, so that two of them are missed
 * within two periods.
 */
export class Liveness implements Due {
  readonly #scheduler: Scheduler
  readonly #halfMs: number
  readonly #watched: Watched
  readonly #deadline: Deadline = new Deadline(this)
  #unanswered = 0
  /** False while the half of a period goes by in which an answer is waited for. */
  #resting = true

  constructor(scheduler: Scheduler, pingMs: number, watched: Watched) {
    this.#scheduler = scheduler
    this.#halfMs = pingMs / 2
    this.#watched = watched
    this.#schedule(pingMs)
  }

  /** The peer has said something. */
  heard(): void {
    this.#unanswered = 0
  }

  stop(): void {
    this.#scheduler.cancel(this.#deadline)
  }

  due(): void {
    if (this.#unanswered >= MAX_UNANSWERED) return this.#watched.gone()
    this.#resting = !this.#resting && this.#unanswered === 0
    if (!this.#resting && this.#watched.writable) {
      this.#unanswered++
      this.#watched.ping()
    }
    this.#schedule(this.#halfMs)
  }

  #schedule(inMs: number): void {
    this.#scheduler.schedule(this.#deadline, this.#scheduler.now() + inMs)
  }
}
