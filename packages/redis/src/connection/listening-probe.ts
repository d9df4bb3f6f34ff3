import { Deadline, type Hub } from '@sluice/core'
import type { Cluster, Redis } from 'ioredis'

import { reconnect } from './connect.ts'

/** Asks whether anything comes over the listening connection, which may be dead without a word: then it is made anew. */
export class ListeningProbe {
  readonly #hub: Hub
  readonly #listening: Redis | Cluster
  readonly #answerMs: number
  readonly #deadline: Deadline = new Deadline({ due: () => reconnect(this.#listening) })
  #underWay = false

  constructor(hub: Hub, listening: Redis | Cluster, answerMs: number) {
    this.#hub = hub
    this.#listening = listening
    this.#answerMs = answerMs
  }

  ask(): void {
    if (this.#listening.status !== 'ready' || this.#underWay) return
    this.#underWay = true
    this.#hub.schedule(this.#deadline, this.#hub.now() + this.#answerMs)
    this.#listening
      .ping()
      .catch(ignore)
      .finally(() => {
        this.#underWay = false
        this.#hub.cancel(this.#deadline)
      })
  }

  stop(): void {
    this.#hub.cancel(this.#deadline)
  }
}

function ignore(): void {}
