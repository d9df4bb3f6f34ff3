import type { StreamName } from '@sluice/core'

import type { RedisConnection } from './redis-connection.ts'
import type { Keys } from '../protocol/keys.ts'

/** What an instance is told of a stream it produces. Only a wake-up: the truth is in the store. */
export type Notice = StreamName &
  (
    | { about: 'end' | 'erased' | 'inbox' }
    | { about: 'readers'; instance: string; seq: string }
    | { about: 'grant'; reader: string; seq: number }
  )

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

/** `undefined` for what is no notice: somebody else's message does nothing. */
export function parseNotice(message: string): Notice | undefined {
  try {
    const notice = JSON.parse(message) as Notice
    return typeof notice.id === 'string' && typeof notice.about === 'string' ? notice : undefined
  } catch {
    return undefined
  }
}

function ignore(): void {}
