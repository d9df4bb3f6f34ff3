import type { StreamName } from '@sluice/core/extend'

import type { ChannelMode } from '../protocol/channel-mode.ts'
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

/** Begins what a process says to itself. */
export const WORD = 'word:'

/** The channels of the listening connection: one connection for all streams of this process. */
export class Subscriptions {
  readonly #connection: RedisConnection
  readonly #keys: Keys
  readonly #instance: string
  readonly #onNotice: (notice: Notice) => void
  readonly #listeners: Map<string, Set<StreamListener>> = new Map()
  /** What is called once notices about a stream that is produced here arrive, by their channel. */
  readonly #produced: Map<string, () => void> = new Map()
  /** Sharded channels that the nodes of today were asked for. */
  readonly #asked: Set<string> = new Set()
  #mode: ChannelMode
  #subscribed: Promise<unknown> | undefined
  /** Resolves with the next connection. */
  #ready: Promise<unknown> | undefined
  /** Called when the connection listens, at first or again: notices may have been missed. */
  onMissed: () => void = () => {}
  /** Called with what this process has said to itself. */
  onWord: (word: string) => void = () => {}

  constructor(connection: RedisConnection, keys: Keys, instance: string, onNotice: (notice: Notice) => void) {
    this.#connection = connection
    this.#keys = keys
    this.#instance = instance
    this.#onNotice = onNotice
    this.#mode = connection.channels
    const { listening } = connection
    const received = (channel: string, message: string): void => this.#received(channel, message)
    listening.on('message', received)
    listening.on('smessage', received)
    // Subscriptions are made anew with every connection; what was published in between is read from the store.
    listening.on('ready', () => void this.#connected())
    // Sharded ones are with the nodes of a cluster, each of which may have another connection now. ioredis has just asked for
    // them, and does not wait for the answers: what is published before those come is missed, unless the store is asked then.
    listening.on('subscribersReady', () => {
      this.#asked.clear()
      void this.#connected()
    })
    if (listening.status === 'ready') void this.#connected()
  }

  /** The channel on which a process hears what it says to itself. */
  ownChannel(mode: ChannelMode): string {
    return mode === 'sharded' ? this.#keys.check(this.#instance) : this.#keys.instance(this.#instance)
  }

  /** Listens in this way from now on. Resolves once it does; rejects, as Redis does, when that is not possible. */
  async use(mode: ChannelMode): Promise<void> {
    const { listening } = this.#connection
    if (mode !== this.#mode) {
      this.#mode = mode
      this.#subscribed = undefined
    }
    if (listening.status !== 'ready') {
      this.#ready ??= new Promise((resolve) => listening.once('ready', resolve))
      await this.#ready
      this.#ready = undefined
    }
    await (this.#subscribed ?? this.#connected())
  }

  /** Resolves when this stream's messages arrive; rejects when that is not possible now: it is tried again by itself. */
  async listen(stream: StreamName, listener: StreamListener): Promise<void> {
    const channel = this.#keys.channel(stream)
    const listeners = this.#listeners.get(channel)
    if (listeners) {
      listeners.add(listener)
      await this.#subscribed?.catch(ignore)
      return
    }
    this.#listeners.set(channel, new Set([listener]))
    await this.#subscribe([channel])
  }

  forget(stream: StreamName, listener: StreamListener): void {
    const channel = this.#keys.channel(stream)
    const listeners = this.#listeners.get(channel)
    if (!listeners?.delete(listener) || listeners.size > 0) return
    this.#listeners.delete(channel)
    this.#unsubscribe(channel)
  }

  /** Notices about a stream that is produced here are wanted. `missed` is called when some may have been missed. */
  produce(stream: StreamName, missed: () => void): void {
    const channel = this.#keys.notices(stream)
    this.#produced.set(channel, missed)
    // Elsewhere they come over the channel of this process.
    if (this.#mode === 'sharded') this.#subscribe([channel]).then(missed, ignore)
  }

  /** The stream is not produced here any more. */
  release(stream: StreamName): void {
    const channel = this.#keys.notices(stream)
    if (this.#produced.delete(channel) && this.#mode === 'sharded') this.#unsubscribe(channel)
  }

  #connected(): Promise<unknown> {
    const wanted = [this.ownChannel(this.#mode), ...this.#listeners.keys()]
    const subscribed =
      this.#mode === 'sharded' ? this.#subscribe([...wanted, ...this.#produced.keys()]) : this.#subscribe(wanted)
    this.#subscribed = subscribed
    subscribed.then(
      () => {
        this.onMissed()
        for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.missed()
      },
      () => {
        // Whoever asks next tries again.
        if (this.#subscribed === subscribed) this.#subscribed = undefined
      },
    )
    return subscribed
  }

  /** Resolves at once while there is no connection: all is subscribed to when there is one. */
  async #subscribe(channels: readonly string[]): Promise<void> {
    const { listening } = this.#connection
    if (listening.status !== 'ready' || this.#mode === 'none') return
    if (this.#mode === 'plain') return void (await listening.subscribe(...channels))
    const others = channels.filter((channel) => !this.#asked.has(channel))
    await Promise.all(
      others.map(async (channel) => {
        this.#asked.add(channel)
        try {
          await listening.ssubscribe(channel)
        } catch (error) {
          this.#asked.delete(channel)
          throw error
        }
      }),
    )
  }

  #unsubscribe(channel: string): void {
    const { listening } = this.#connection
    const wasAsked = this.#asked.delete(channel)
    if (listening.status !== 'ready') return
    if (wasAsked) listening.sunsubscribe(channel).catch(ignore)
    else if (this.#mode === 'plain') listening.unsubscribe(channel).catch(ignore)
  }

  #received(channel: string, message: string): void {
    const listeners = this.#listeners.get(channel)
    if (listeners) {
      for (const listener of listeners) listener.received(message)
      return
    }
    if (message.startsWith(WORD)) return this.onWord(message)
    if (channel !== this.#keys.instance(this.#instance) && !this.#produced.has(channel)) return
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
