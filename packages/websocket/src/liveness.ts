import { Deadline, type Due, type Hub } from '@sluice/core'

/** Pings without an answer after which a peer counts as gone. */
const MAX_MISSED = 2

/** What {@link Liveness} watches. */
export interface Watched {
  /** False while nothing may be written: then the stall deadline watches. */
  readonly writable: boolean
  ping(): void
  gone(): void
}

/**
 * Asks a peer regularly whether it is there. Not only in silence: what is written to one that has vanished is taken by the
 * kernel for a quarter of an hour.
 */
export class Liveness implements Due {
  readonly #hub: Hub
  readonly #pingMs: number
  readonly #watched: Watched
  readonly #deadline: Deadline = new Deadline(this)
  #missed = 0

  constructor(hub: Hub, pingMs: number, watched: Watched) {
    this.#hub = hub
    this.#pingMs = pingMs
    this.#watched = watched
    this.#schedule()
  }

  /** The peer has said something. */
  heard(): void {
    this.#missed = 0
  }

  stop(): void {
    this.#hub.cancel(this.#deadline)
  }

  due(): void {
    if (this.#missed >= MAX_MISSED) return this.#watched.gone()
    if (this.#watched.writable) {
      this.#missed++
      this.#watched.ping()
    }
    this.#schedule()
  }

  #schedule(): void {
    this.#hub.schedule(this.#deadline, this.#hub.now() + this.#pingMs)
  }
}
