import { Deadline, type Scheduler } from '@sluice/core/extend'

import type { AdaptiveConcurrency, BegunRequest, RequestOutcome } from '../rate/adaptive-concurrency.ts'

/** A place from which the backend is asked once. */
export interface LinePlace {
  /** It is for the next one. `retryAfterMs`: how long the backend asks to be left alone. */
  release(outcome: RequestOutcome, retryAfterMs?: number): void
}

/** How many lines are asked at a time, by all batches of this process: who comes first is served first. */
export class LinePlaces {
  readonly #scheduler: Scheduler
  readonly #concurrency: AdaptiveConcurrency
  readonly #waiting: Set<(place: LinePlace) => void> = new Set()
  readonly #deadline: Deadline = new Deadline({ due: () => this.#serve() })
  #isHeld = false

  constructor(scheduler: Scheduler, concurrency: AdaptiveConcurrency) {
    this.#scheduler = scheduler
    this.#concurrency = concurrency
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#concurrency.running
  }

  /** Whether none is given away now. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Gives none away, or does so again; those who have one keep it. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#serve()
  }

  /** Settles with a place, or with nothing when the signal aborts before there is one. */
  take(signal: AbortSignal): Promise<LinePlace | undefined> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(undefined)
      const served = (place: LinePlace): void => {
        signal.removeEventListener('abort', leave)
        resolve(place)
      }
      const leave = (): void => {
        this.#waiting.delete(served)
        resolve(undefined)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.add(served)
      this.#serve()
      return undefined
    })
  }

  #serve(): void {
    this.#scheduler.cancel(this.#deadline)
    while (!this.#isHeld) {
      const [next] = this.#waiting
      if (!next) return
      const nowMs = this.#scheduler.now()
      const waitMs = this.#concurrency.waitMs(nowMs)
      if (waitMs > 0) {
        if (waitMs < Infinity) this.#scheduler.schedule(this.#deadline, nowMs + waitMs)
        return
      }
      this.#waiting.delete(next)
      next(this.#placeOf(this.#concurrency.begin(nowMs)))
    }
  }

  #placeOf(begun: BegunRequest): LinePlace {
    return {
      release: (outcome, retryAfterMs) => {
        this.#concurrency.end(begun, this.#scheduler.now(), outcome, retryAfterMs)
        this.#serve()
      },
    }
  }
}
