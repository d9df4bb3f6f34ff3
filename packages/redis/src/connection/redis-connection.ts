import type { Scheduler } from '@sluice/core/extend'
import type { Cluster, Redis } from 'ioredis'

import { CorrelationIds, ForeignKeys, MISPLACED } from '../protocol/correlation.ts'
import type { ChannelMode } from '../protocol/channel-mode.ts'
import { foreign } from '../protocol/foreign.ts'
import type { Script } from '../protocol/scripts.ts'
import { SILENT_MS } from '../protocol/times.ts'
import {
  awaitedBy,
  connect,
  dropConnection,
  end,
  isCluster,
  isDropped,
  isUnasked,
  isUnsent,
  reconnect,
} from './connect.ts'
import { ConnectionHealth } from './connection-health.ts'
import { ListeningProbe } from './listening-probe.ts'
import { type OutstandingCommand, OutstandingCommands } from './outstanding-commands.ts'
import type { ResolvedRedisStoreOptions } from './redis-store-options.ts'
import { type Argument, type CommandParts, hasMoved, scriptCommand } from './script-command.ts'
import { MISPLACED_WARNING, misplacedReply, refusedByRedis, storeError } from './store-error.ts'
import { TurnCork } from './turn-cork.ts'

/**
 * The connections of one process to Redis: one for commands, one that listens, whatever the number of streams. Every
 * command has a deadline of its own, and whether Redis answers is known at any time. Replies come in the order of the
 * commands, but that order is not relied on: each reply carries the id of its command.
 */
export class RedisConnection {
  readonly commands: Redis | Cluster
  readonly listening: Redis | Cluster
  readonly health: ConnectionHealth
  /** How scripts wake other processes. */
  channels: ChannelMode
  readonly #scheduler: Scheduler
  readonly #options: ResolvedRedisStoreOptions
  readonly #probe: ListeningProbe
  readonly #ids: CorrelationIds = new CorrelationIds()
  readonly #outstanding: OutstandingCommands
  readonly #cork: TurnCork
  #closed = false
  #warned = false

  constructor(scheduler: Scheduler, options: ResolvedRedisStoreOptions) {
    this.#scheduler = scheduler
    this.#options = options
    this.#outstanding = new OutstandingCommands(scheduler, options.commandMs, (command) => this.#late(command))
    this.health = new ConnectionHealth(scheduler, options)
    this.commands = connect(options, 'commands', (error) => this.#failed(error))
    this.listening = connect(options, 'listening', (error) => this.#listeningFailed(error))
    this.channels = this.sharded ? 'sharded' : 'plain'
    this.#cork = new TurnCork(this.commands)
    this.#probe = new ListeningProbe(scheduler, this.listening, options.commandMs)
    let wasReady = false
    this.commands.on('close', () => {
      if (!this.#closed) this.health.closed(wasReady)
      wasReady = false
    })
    this.commands.on('ready', () => {
      wasReady = true
      this.#sendAll()
    })
    // A connection is ready once the server has answered the handshake.
    this.commands.on('ready', () => this.health.connected())
  }

  /** Whether keys live on different servers, so that one command cannot name those of two streams. */
  get sharded(): boolean {
    return isCluster(this.commands)
  }

  /** How long Redis has answered without a pause, in milliseconds. */
  get answeringForMs(): number {
    return this.health.answeringForMs
  }

  /** When Redis stopped answering; `undefined` while it does. */
  get silentSinceMs(): number | undefined {
    const { silentSinceMs } = this.health
    if (silentSinceMs !== undefined) return silentSinceMs
    const { oldestMs } = this.#outstanding
    return oldestMs !== undefined && this.#scheduler.now() - oldestMs >= SILENT_MS ? oldestMs : undefined
  }

  /** Finds out whether the listening connection still carries anything. */
  probe(): void {
    this.#probe.ping()
  }

  /** Runs a script, by its hash while Redis knows it. @throws SluiceError `SLUICE_ERR_STORE` */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const { commands, channels, health } = this
    const run = { script, keys, args, channels, id: this.#ids.next() }
    return this.#ask({ ...scriptCommand(commands, run), refused: (error) => health.refused(error) })
  }

  /** Finds out whether a script works, with this way to wake others. @throws SluiceError `SLUICE_ERR_STORE` */
  tryOut(script: Script, keys: readonly string[], args: readonly Argument[], channels: ChannelMode): Promise<unknown> {
    return this.#ask(scriptCommand(this.commands, { script, keys, args, channels, id: this.#ids.next() }))
  }

  /** Asks whether Redis answers. @throws SluiceError `SLUICE_ERR_STORE` */
  async ping(): Promise<void> {
    await this.ask(
      (id) => this.commands.ping(id),
      (reply, id) => reply === id,
    )
  }

  /**
   * Sends what no script can do, and gives its reply, in time. `isReply` recognises the reply by the id, or by what no other
   * command's reply can be.
   *
   * @throws SluiceError `SLUICE_ERR_STORE`
   */
  ask<Reply>(send: (id: string) => Promise<Reply>, isReply: (reply: Reply, id: string) => boolean): Promise<Reply> {
    const id = this.#ids.next()
    const read = (reply: unknown): unknown => (isReply(reply as Reply, id) ? reply : MISPLACED)
    return this.#ask({ once: false, send: () => send(id), read }) as Promise<Reply>
  }

  #ask(command: CommandParts): Promise<unknown> {
    if (this.#closed) return Promise.reject(storeError('this store was disposed of'))
    return new Promise((resolve, reject) => {
      const outstanding = { ...command, askedMs: this.#scheduler.now(), sent: false, resolve, reject }
      this.#outstanding.add(outstanding)
      if (this.commands.status === 'ready') this.#send(outstanding)
    })
  }

  #send(command: OutstandingCommand): void {
    command.sent = true
    this.#cork.cork()
    command.send().then(
      (reply) => {
        const answer = command.read(reply)
        if (answer === MISPLACED) return this.#misplaced(command)
        this.#outstanding.delete(command)
        this.health.answered(command.askedMs)
        if (answer instanceof ForeignKeys) command.reject(foreign('What is under a key', answer.message))
        else command.resolve(answer)
      },
      (error: unknown) => this.#refused(command, error),
    )
  }

  #refused(command: OutstandingCommand, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    const replied = error instanceof Error && error.name === 'ReplyError'
    // An error reply carries no id: from a connection that was dropped none is believed, nor one that cannot be meant.
    const isOdd = isDropped(this.commands) || (message.startsWith('NOSCRIPT') && !command.retry)
    if (replied && isOdd) return this.#misplaced(command)
    const again = replied ? command.retry?.(message) : undefined
    if (again && this.#outstanding.has(command)) {
      command.send = again
      // It may move on while it is asked for; the command has a deadline.
      if (!hasMoved(message)) command.retry = undefined
      return this.#send(command)
    }
    if (isUnsent(message) && this.#outstanding.has(command)) {
      // The connection had just broken. The command waits for the next one, within its own time.
      command.sent = false
      return
    }
    this.#outstanding.delete(command)
    if (!replied) {
      this.health.unanswered()
      return command.reject(storeError('the connection was lost', error))
    }
    this.health.answered(command.askedMs)
    command.refused?.(error)
    command.reject(refusedByRedis(error))
  }

  #failed(error: Error): void {
    if (isUnasked(error)) this.#distrust()
    else if (!this.#closed) this.health.failed(error)
  }

  /** What is not told apart from a reply to a command is heard by nobody any more. */
  #listeningFailed(error: Error): void {
    if (isUnasked(error)) dropConnection(this.listening)
    else if (!this.#closed) this.health.failed(error)
  }

  /** Its reply answers another command, or may do so. It waits for the next connection, within its own time. */
  #misplaced(command: OutstandingCommand): void {
    this.#distrust()
    if (!this.#outstanding.has(command)) return
    command.sent = false
    command.misplaced = true
    if (!command.once) return
    this.#outstanding.delete(command)
    command.reject(misplacedReply())
  }

  /** Nothing more is read from this connection. */
  #distrust(): void {
    if (this.#closed || isDropped(this.commands)) return
    this.health.unanswered()
    dropConnection(this.commands)
    if (this.#warned) return
    this.#warned = true
    this.#options.onWarning(MISPLACED_WARNING)
  }

  #late(command: OutstandingCommand): void {
    const { commandMs } = this.#options
    const awaited = awaitedBy(this.commands)
    if (awaited !== undefined) this.health.failed(new Error(awaited))
    if (this.health.lastReplyMs < this.#scheduler.now() - commandMs) {
      this.health.lastReplyMs = this.#scheduler.now()
      for (const client of [this.commands, this.listening]) reconnect(client)
    }
    this.health.unanswered()
    const error = storeError(`no answer in ${commandMs} ms`, this.health.connectionError)
    command.reject(command.misplaced ? misplacedReply() : error)
  }

  close(): void {
    this.#closed = true
    this.#probe.stop()
    this.#outstanding.rejectAll(storeError('this store was disposed of'))
    for (const client of [this.commands, this.listening]) end(client)
  }

  /** There is a connection: commands that waited for it, and still have time, are sent. */
  #sendAll(): void {
    for (const command of this.#outstanding.unsent()) this.#send(command)
  }
}
