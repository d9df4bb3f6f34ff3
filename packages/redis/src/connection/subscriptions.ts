import type { StreamName } from '@sluice/core/extend'

import type { Keys } from '../protocol/keys.ts'
import { decodeNotice, type Notice } from '../protocol/notice.ts'
import type { RedisConnection } from './redis-connection.ts'

/** Who receives what is published about one stream. */
export interface StreamListener {
  /** An entry, `erased`, a watermark or a notice, as it was published. */
  received(message: string): void
  /** Messages may have been missed. */
  missed(): void
}

/** The channels of the listening connection: one connection for all streams of this process. */
export class Subscriptions {
  readonly #connection: RedisConnection
  readonly #ownChannel: string
  readonly #onNotice: (notice: Notice) => void
  readonly #listeners: Map<string, Set<StreamListener>> = new Map()
  readonly #keys: Keys
  #subscribed: Promise<void> | undefined
  /** Called when the connection listens, at first or again: notices may have been missed. */
  onMissed: () => void = () => {}

  constructor(connection: RedisConnection, keys: Keys, instance: string, onNotice: (notice: Notice) => void) {
    this.#connection = connection
    this.#keys = keys
    this.#ownChannel = keys.instance(instance)
    this.#onNotice = onNotice
    const { listening } = connection
    listening.on('message', (channel: string, message: string) => this.#received(channel, message))
    // Subscriptions are made anew with every connection; what was published in between is read from the store.
    listening.on('ready', () => this.#connected())
    if (listening.status === 'ready') this.#connected()
  }

  /** Resolves when this stream's messages arrive; rejects when that is not possible now: it is tried again by itself. */
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
    const channels = [this.#ownChannel, ...this.#listeners.keys()]
    this.#subscribed = this.#connection.listening.subscribe(...channels).then(() => {
      this.onMissed()
      for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.missed()
    }, ignore)
  }

  #received(channel: string, message: string): void {
    if (channel !== this.#ownChannel) {
      for (const listener of this.#listeners.get(channel) ?? []) listener.received(message)
      return
    }
    let notice: Notice
    try {
      notice = decodeNotice(message)
    } catch {
      // Somebody else's message, or half of one of ours: what it may have been about is found when leases are renewed.
      return
    }
    this.#onNotice(notice)
  }
}

function ignore(): void {}
