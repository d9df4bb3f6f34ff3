import { randomBytes } from 'node:crypto'

import { Deadline, type Due, type Scheduler } from '@sluice/core/extend'
import type { Cluster, Redis } from 'ioredis'

import { end, isCluster, reconnect } from './connect.ts'
import { type Operator, withoutArguments } from './operator.ts'
import { type Script, type ScriptName, scripts } from './scripts.ts'
import { refusal, storeError } from './store-error.ts'

/** Arguments of a script: everything is text for Redis. */
export type Argument = string | number

/** How soon it is tried again where there was no connection, or a cluster was about to move a slot. */
const AGAIN_MS = 50
/** What passes by itself, by how the error reply begins. */
const PASSING =
  /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|READONLY|BUSY|ERR Script attempted to access a non local key)/

const MISPLACED_WARNING =
  'Redis gave a reply that answers another command. The connection is made anew, and again whenever that happens. Something between this process and Redis, such as a proxy or a pool, loses or repeats replies.'

/** A script that is run until it is answered, or its time is over. */
interface Command {
  /** What a repetition is known by, and its reply. */
  readonly id: string
  readonly script: Script
  readonly args: readonly Argument[]
  readonly askedMs: number
  readonly deadline: Deadline
  sentMs: number
  /** Why it has to be sent again; `undefined` while an answer may come. */
  failure: unknown
  isOver: boolean
  resolve(reply: readonly string[]): void
  reject(error: unknown): void
}

/** What the commands of one store are given. */
export interface RedisCommandsParts {
  readonly client: Redis | Cluster
  readonly scheduler: Scheduler
  readonly operator: Operator
  /** What every key begins with. */
  readonly prefix: string
  readonly commandMs: number
}

/**
 * Runs scripts. Each has a deadline, whatever becomes of the connection; until then it is asked again where its reply was lost, which it
 * must bear, and each reply says which command it answers.
 */
export class RedisCommands {
  readonly #parts: RedisCommandsParts
  readonly #outstanding: Set<Command> = new Set()
  #answeredMs = -Infinity
  #isClosed = false

  constructor(parts: RedisCommandsParts) {
    this.#parts = parts
    parts.client.on('ready', () => {
      for (const command of [...this.#outstanding]) if (command.failure !== undefined) this.#send(command)
    })
  }

  /** What a script returns, without the id of its command. @throws SluiceError `SLUICE_ERR_STORE` */
  run(name: ScriptName, args: readonly Argument[]): Promise<readonly string[]> {
    if (this.#isClosed) return Promise.reject(storeError('these documents are closed'))
    const { scheduler } = this.#parts
    return new Promise((resolve, reject) => {
      const owner: Due = { due: () => this.#due(command) }
      const command: Command = {
        id: randomBytes(9).toString('base64url'),
        script: scripts()[name],
        args,
        askedMs: scheduler.now(),
        deadline: new Deadline(owner),
        sentMs: 0,
        isOver: false,
        failure: undefined,
        resolve,
        reject,
      }
      this.#outstanding.add(command)
      this.#send(command)
    })
  }

  close(): void {
    this.#isClosed = true
    for (const command of [...this.#outstanding]) this.#reject(command, storeError('these documents are closed'))
    end(this.#parts.client)
  }

  #send(command: Command): void {
    const { client } = this.#parts
    if (command.isOver) return
    if (client.status !== 'ready') return this.#later(command, new Error('there is no connection'))
    const { scheduler, commandMs } = this.#parts
    command.failure = undefined
    command.sentMs = scheduler.now()
    this.#plan(command, command.sentMs + commandMs / 2)
    this.#ask(command).then(
      (reply) => this.#answered(command, reply),
      (error: unknown) => this.#failed(command, error),
    )
  }

  async #ask({ id, script, args }: Command): Promise<unknown> {
    const { client, prefix } = this.#parts
    // The second key never exists: while a cluster moves the slot, some keys here and some there, it runs no script that names it.
    const all = [`${prefix}:f`, `${prefix}:0`, id, ...args]
    try {
      return await client.evalsha(script.sha, 2, ...all)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return client.eval(script.lua, 2, ...all)
    }
  }

  #answered(command: Command, reply: unknown): void {
    const { client, operator, scheduler } = this.#parts
    if (!Array.isArray(reply) || reply[0] !== command.id) {
      operator.tell(MISPLACED_WARNING)
      if (!command.isOver) this.#later(command, new Error('the reply answers another command'))
      return reconnect(client)
    }
    if (command.isOver) return
    this.#answeredMs = scheduler.now()
    this.#over(command)
    command.resolve((reply as string[]).slice(1))
  }

  #failed(command: Command, error: unknown): void {
    if (command.isOver) return
    const isReply = error instanceof Error && error.name === 'ReplyError'
    if (!isReply || PASSING.test(error.message)) return this.#later(command, error)
    this.#answeredMs = this.#parts.scheduler.now()
    this.#parts.operator.tell(`Redis refuses a command: ${withoutArguments(error.message)}.`)
    this.#reject(command, refusal(error))
  }

  #later(command: Command, failure: unknown): void {
    command.failure = failure
    this.#plan(command, this.#parts.scheduler.now() + AGAIN_MS)
  }

  #plan(command: Command, againMs: number): void {
    const { scheduler, commandMs } = this.#parts
    scheduler.schedule(command.deadline, Math.min(againMs, command.askedMs + commandMs))
  }

  #due(command: Command): void {
    const { client, scheduler, commandMs } = this.#parts
    const now = scheduler.now()
    const isSent = command.failure === undefined
    const isLate = now >= command.askedMs + commandMs
    if (isLate) this.#reject(command, storeError(`no answer in ${commandMs} ms`, command.failure))
    else if (isSent) this.#plan(command, Infinity)
    else return this.#send(command)
    // Where nothing at all has come meanwhile, the peer may be gone, or a reply: TCP would keep the connection for a quarter of an hour. A
    // cluster's client finds its nodes itself, and waits where a slot is moved.
    if (!isSent || this.#answeredMs >= command.sentMs || this.#isClosed || isCluster(client)) return
    this.#answeredMs = now
    reconnect(client)
  }

  #over(command: Command): void {
    command.isOver = true
    this.#outstanding.delete(command)
    this.#parts.scheduler.cancel(command.deadline)
  }

  #reject(command: Command, error: unknown): void {
    this.#over(command)
    command.reject(error)
  }
}
