import { type Scheduler, Deadline, type Due } from '@sluice/core'
import type { Cluster, Redis } from 'ioredis'

import { connect, reconnect } from './connect.ts'
import { ConnectionHealth } from './connection-health.ts'
import { ListeningProbe } from './listening-probe.ts'
import type { ResolvedRedisStoreOptions } from './redis-store-options.ts'
import type { Script } from '../protocol/scripts.ts'
import { SILENT_MS } from '../protocol/times.ts'
import { storeError } from './store-error.ts'

/** Arguments of a command: everything is text for Redis. */
export type Argument = string | number

/** A command without an answer. */
interface Outstanding {
  readonly sentMs: number
  /** False while there is no connection to send it on. */
  sent: boolean
  /** Sends it; another way to do so is found by {@link RedisConnection.run} for scripts that Redis does not know. */
  send(): Promise<unknown>
  /** How to ask again after this error reply; nothing when it is the answer. */
  retry?: ((message: string) => (() => Promise<unknown>) | undefined) | undefined
  resolve(answer: unknown): void
  reject(error: unknown): void
}

/**
 * The connections of one process to Redis: one for commands, one that listens, whatever the number of streams. Every
 * command has a deadline of its own, and whether Redis answers is known at any time.
 */
export class RedisConnection implements Due {
  readonly commands: Redis | Cluster
  readonly listening: Redis | Cluster
  readonly health: ConnectionHealth
  readonly #scheduler: Scheduler
  readonly #commandMs: number
  readonly #probe: ListeningProbe
  readonly #deadline: Deadline = new Deadline(this)
  /** Commands without an answer, oldest first: all have the same time. */
  readonly #outstanding: Set<Outstanding> = new Set()
  #closed = false
  #corked = false
  #watching = false
  constructor(scheduler: Scheduler, options: ResolvedRedisStoreOptions) {
    this.#scheduler = scheduler
    this.#commandMs = options.commandMs
    this.health = new ConnectionHealth(scheduler, options.onWarning)
    this.commands = connect(options)
    this.listening = connect(options)
    this.#probe = new ListeningProbe(scheduler, this.listening, options.commandMs)
    for (const client of [this.commands, this.listening]) client.on('error', (error) => this.health.hindered(error))
    this.commands.on('close', () => this.health.fell())
    this.commands.on('ready', () => this.#sendAll())
    // A connection is ready when the server has answered to its greeting.
    this.commands.on('ready', () => this.health.answered(this.#scheduler.now()))
  }

  /** Whether keys live on different servers, so that one command cannot name those of two streams. */
  get sharded(): boolean {
    return !('stream' in this.commands)
  }

  /** How long Redis has answered without a pause, in milliseconds. */
  get answeringForMs(): number {
    return this.health.answeringForMs
  }

  /** When Redis stopped answering; `undefined` while it does. */
  get silentSinceMs(): number | undefined {
    const { silentSinceMs } = this.health
    if (silentSinceMs !== undefined) return silentSinceMs
    const [oldest] = this.#outstanding
    return oldest && this.#scheduler.now() - oldest.sentMs >= SILENT_MS ? oldest.sentMs : undefined
  }

  /** Whether anything comes over the listening connection, which may be dead without a word. */
  probe(): void {
    this.#probe.ask()
  }

  /** Runs a script, by its hash while Redis knows it. @throws SluiceError `SLUICE_ERR_STORE` */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const { lua, sha, essentialKeys = keys.length } = script
    return this.#ask({
      send: () => this.commands.evalsha(sha, keys.length, ...keys, ...args),
      retry: (message) => {
        if (message.startsWith('NOSCRIPT')) return () => this.commands.eval(lua, keys.length, ...keys, ...args)
        if (!message.startsWith('TRYAGAIN') || essentialKeys === keys.length) return undefined
        return () => this.commands.eval(lua, essentialKeys, ...keys.slice(0, essentialKeys), ...args)
      },
    })
  }

  /** Sends a command and gives its answer, in time. @throws SluiceError `SLUICE_ERR_STORE` */
  ask<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    return this.#ask({ send }) as Promise<Answer>
  }

  #ask({ send, retry }: Pick<Outstanding, 'send' | 'retry'>): Promise<unknown> {
    if (this.#closed) return Promise.reject(storeError('this store was disposed of'))
    return new Promise((resolve, reject) => {
      const outstanding: Outstanding = { sentMs: this.#scheduler.now(), sent: false, send, retry, resolve, reject }
      this.#outstanding.add(outstanding)
      // Left alone once it is set: it mostly finds that all is answered.
      if (!this.#watching) this.#watch(outstanding.sentMs)
      if (this.commands.status === 'ready') this.#send(outstanding)
    })
  }

  #send(outstanding: Outstanding): void {
    outstanding.sent = true
    this.#cork()
    outstanding.send().then(
      (answer) => {
        this.#settled(outstanding)
        this.health.answered(outstanding.sentMs)
        outstanding.resolve(answer)
      },
      (error: unknown) => this.#refused(outstanding, error),
    )
  }

  #refused(outstanding: Outstanding, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    const replied = error instanceof Error && error.name === 'ReplyError'
    const again = replied ? outstanding.retry?.(message) : undefined
    if (again && this.#outstanding.has(outstanding)) {
      outstanding.send = again
      outstanding.retry = undefined
      return this.#send(outstanding)
    }
    if (message.startsWith(UNSENT) && this.#outstanding.has(outstanding)) {
      // The connection had just broken. It waits for the next one, within its own time, as it would have a moment later.
      outstanding.sent = false
      return
    }
    this.#settled(outstanding)
    if (replied) this.health.answered(outstanding.sentMs)
    else this.health.fell()
    outstanding.reject(storeError(message, error))
  }

  /** What is sent in one turn travels in one write. */
  #cork(): void {
    if (this.#corked || !('stream' in this.commands)) return
    const { stream } = this.commands
    this.#corked = true
    stream.cork()
    process.nextTick(() => {
      this.#corked = false
      stream.uncork()
    })
  }

  /** The oldest command may have waited too long. */
  due(): void {
    this.#watching = false
    const lateMs = this.#scheduler.now() - this.#commandMs
    for (const outstanding of this.#outstanding) {
      if (outstanding.sentMs > lateMs) return this.#watch(outstanding.sentMs)
      if (this.health.heardMs < lateMs) {
        this.health.heardMs = this.#scheduler.now()
        for (const client of [this.commands, this.listening]) reconnect(client)
      }
      this.#outstanding.delete(outstanding)
      this.health.fell()
      outstanding.reject(storeError(`no answer in ${this.#commandMs} ms`, this.health.hindrance))
    }
  }

  #watch(sentMs: number): void {
    this.#watching = true
    this.#scheduler.schedule(this.#deadline, sentMs + this.#commandMs)
  }

  close(): void {
    this.#closed = true
    this.#scheduler.cancel(this.#deadline)
    this.#probe.stop()
    for (const outstanding of this.#outstanding) outstanding.reject(storeError('this store was disposed of'))
    this.#outstanding.clear()
    for (const client of [this.commands, this.listening]) client.disconnect()
  }

  /** There is a connection: what waited for it, and still has time, is sent. */
  #sendAll(): void {
    for (const outstanding of this.#outstanding) if (!outstanding.sent) this.#send(outstanding)
  }

  #settled(outstanding: Outstanding): void {
    this.#outstanding.delete(outstanding)
  }
}

/** How ioredis begins to say that a command never left. */
const UNSENT = "Stream isn't writeable"
