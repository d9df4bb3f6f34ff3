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
    for (const event of ['ready', 'close']) listening.on(event, () => this.#answered())
  }

  ping(): void {
    if (this.#isUnderWay) return
    const isReady = this.#listening.status === 'ready'
    // Connected, and not through with the greeting: it may wait for a reply that is lost.
    if (!isReady && this.#listening.status !== 'connect') return
    this.#isUnderWay = true
    this.#scheduler.schedule(this.#deadline, this.#scheduler.now() + this.#answerMs)
    if (isReady) {
      this.#listening
        .ping()
        .catch(ignore)
        .finally(() => this.#answered())
    }
  }

  #answered(): void {
    this.#isUnderWay = false
    this.#scheduler.cancel(this.#deadline)
  }

  stop(): void {
    this.#scheduler.cancel(this.#deadline)
  }
}

function ignore(): void {}
