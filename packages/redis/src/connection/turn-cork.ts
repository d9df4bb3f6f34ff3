import type { Cluster, Redis } from 'ioredis'

/** Lets all commands of one turn travel in one write. */
export class TurnCork {
  readonly #client: Redis | Cluster
  #corked = false

  constructor(client: Redis | Cluster) {
    this.#client = client
  }

  /** To be called before a command is sent. A cluster's client does this by itself. */
  cork(): void {
    if (this.#corked || !('stream' in this.#client)) return
    const { stream } = this.#client
    this.#corked = true
    stream.cork()
    process.nextTick(() => {
      this.#corked = false
      stream.uncork()
    })
  }
}
