import type { StreamName } from '@sluice/core'

import type { RedisConnection } from './redis-connection.ts'
import type { Keys } from '../protocol/keys.ts'
import { type Notice, parseNotice } from '../protocol/notice.ts'

/** Who listens to one stream's entries. */
export interface StreamListener {
  /** An entry, `erased`, a watermark or a notice, as it was published. */
  heard(message: string): void
  /** What was said for a while may have been missed. */
  missed(): void
}

/** The listening connection: one for all streams of this process. */
export class Subscriptions {
  readonly #connection: RedisConnection
  readonly #own: string
  readonly #onNotice: (notice: Notice) => void
  readonly #listeners: Map<string, Set<StreamListener>> = new Map()
  readonly #keys: Keys
  #subscribed: Promise<void> | undefined
  /** Called when it listens, at first or again: notices may have been missed. */
  onMissed: () => void = () => {}

  constructor(connection: RedisConnection, keys: Keys, instance: string, onNotice: (notice: Notice) => void) {
    this.#connection = connection
    this.#keys = keys
    this.#own = keys.instance(instance)
    this.#onNotice = onNotice
    const { listening } = connection
    listening.on('message', (channel: string, message: string) => this.#message(channel, message))
    // Subscriptions are made anew with every connection; what was said in between is looked up.
    listening.on('ready', () => this.#connected())
    if (listening.status === 'ready') this.#connected()
  }

  /** Resolves when this stream's entries are heard; rejects when that could not be had now: it is tried again by itself. */
  async listen(stream: StreamName, listener: StreamListener): Promise<void> {
    const channel = this.#keys.channel(stream)
    const listeners = this.#listeners.get(channel)
    if (listeners) {
      listeners.add(listener)
      return this.#subscribed
    }
    this.#listeners.set(channel, new Set([listener]))
    const { listening } = this.#connection
    if (listening.status === 'ready') await listening.subscribe(channel)
  }

  forget(stream: StreamName, listener: StreamListener): void {
    const channel = this.#keys.channel(stream)
    const listeners = this.#listeners.get(channel)
    if (!listeners?.delete(listener) || listeners.size > 0) return
    this.#listeners.delete(channel)
    const { listening } = this.#connection
    if (listening.status === 'ready') listening.unsubscribe(channel).catch(ignore)
  }

  #connected(): void {
    const channels = [this.#own, ...this.#listeners.keys()]
    this.#subscribed = this.#connection.listening.subscribe(...channels).then(() => {
      this.onMissed()
      for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.missed()
    }, ignore)
  }

  #message(channel: string, message: string): void {
    if (channel !== this.#own) {
      for (const listener of this.#listeners.get(channel) ?? []) listener.heard(message)
      return
    }
    const notice = parseNotice(message)
    if (notice) this.#onNotice(notice)
  }
}

function ignore(): void {}
