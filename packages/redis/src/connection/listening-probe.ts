import { Deadline, type Scheduler } from '@sluice/core/extend'
import type { Cluster, Redis } from 'ioredis'

import { reconnect } from './connect.ts'

/** Finds out whether the listening connection still carries anything. One that is dead without a sign is made anew. */
export class ListeningProbe {
  readonly #scheduler: Scheduler
  readonly #listening: Redis | Cluster
  readonly #answerMs: number
  readonly #deadline: Deadline = new Deadline({ due: () => reconnect(this.#listening) })
  #isUnderWay = false

  constructor(scheduler: Scheduler, listening: Redis | Cluster, answerMs: number) {
    this.#scheduler = scheduler
    this.#listening = listening
    this.#answerMs = answerMs
  }

  ping(): void {
    if (this.#listening.status !== 'ready' || this.#isUnderWay) return
    this.#isUnderWay = true
    this.#scheduler.schedule(this.#deadline, this.#scheduler.now() + this.#answerMs)
    this.#listening
      .ping()
      .catch(ignore)
      .finally(() => {
        this.#isUnderWay = false
        this.#scheduler.cancel(this.#deadline)
      })
  }

  stop(): void {
    this.#scheduler.cancel(this.#deadline)
  }
}

function ignore(): void {}
