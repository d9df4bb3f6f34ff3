import { Deadline, type Scheduler } from '@sluice/core'
import type { Cluster, Redis } from 'ioredis'

import { reconnect } from './connect.ts'

/** Asks whether anything comes over the listening connection, which may be dead without a word: then it is made anew. */
export class ListeningProbe {
  readonly #scheduler: Scheduler
  readonly #listening: Redis | Cluster
  readonly #answerMs: number
  readonly #deadline: Deadline = new Deadline({ due: () => reconnect(this.#listening) })
  #underWay = false

  constructor(scheduler: Scheduler, listening: Redis | Cluster, answerMs: number) {
    this.#scheduler = scheduler
    this.#listening = listening
    this.#answerMs = answerMs
  }

  ask(): void {
    if (this.#listening.status !== 'ready' || this.#underWay) return
    this.#underWay = true
    this.#scheduler.schedule(this.#deadline, this.#scheduler.now() + this.#answerMs)
    this.#listening
      .ping()
      .catch(ignore)
      .finally(() => {
        this.#underWay = false
        this.#scheduler.cancel(this.#deadline)
      })
  }

  stop(): void {
    this.#scheduler.cancel(this.#deadline)
  }
}

function ignore(): void {}
