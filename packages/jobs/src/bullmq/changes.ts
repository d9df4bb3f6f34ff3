import type { Cluster, Redis } from 'ioredis'

import { end } from './connect.ts'

/**
 * Tells what has changed in Redis, whoever has changed it: one channel for each kind that is watched. The connection is made when the
 * first one is.
 */
export class Changes {
  readonly #prefix: string
  readonly #connect: () => Redis | Cluster
  readonly #listeners: Map<string, Set<(id: string) => void>> = new Map()
  #client: Redis | Cluster | undefined

  constructor(prefix: string, connect: () => Redis | Cluster) {
    this.#prefix = prefix
    this.#connect = connect
  }

  /** Gives what ends it. */
  add(kind: string, listener: (id: string) => void): () => void {
    const channel = `${this.#prefix}:changed:${kind}`
    // The same function twice is two listeners.
    const own = (id: string): void => listener(id)
    const listeners = this.#listeners.get(channel) ?? new Set()
    listeners.add(own)
    if (listeners.size === 1) {
      this.#listeners.set(channel, listeners)
      this.#subscribe([channel])
    }
    return () => {
      if (!listeners.delete(own) || listeners.size > 0) return
      this.#listeners.delete(channel)
      if (this.#client?.status === 'ready') this.#client.unsubscribe(channel).catch(ignore)
    }
  }

  close(): void {
    this.#listeners.clear()
    if (this.#client) end(this.#client)
    this.#client = undefined
  }

  #subscribe(channels: readonly string[]): void {
    this.#client ??= this.#listen()
    // Where there is no connection yet, all is subscribed to once there is one.
    if (channels.length > 0 && this.#client.status === 'ready') this.#client.subscribe(...channels).catch(ignore)
  }

  #listen(): Redis | Cluster {
    const client = this.#connect()
    client.on('ready', () => this.#subscribe([...this.#listeners.keys()]))
    client.on('message', (channel: string, id: string) => {
      for (const listener of this.#listeners.get(channel) ?? []) listener(id)
    })
    return client
  }
}

function ignore(): void {}
