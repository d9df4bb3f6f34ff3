import { Deadline, type Due, type Scheduler } from '@sluice/core/extend'

import { SCRIPTS } from '../protocol/scripts.ts'
import type { RedisConnection } from './redis-connection.ts'
import { refusedByRedis } from './store-error.ts'

/** One append, as `append.lua` takes it. */
export interface Append {
  readonly keys: readonly [meta: string, log: string]
  readonly epoch: number
  /** Seq after which it goes. */
  readonly after: number
  readonly lastSeq: number
  readonly tokens: number
  /** The oldest event that the producer keeps: what is before it goes. */
  readonly firstSeq: number
  readonly payload: string
  /** What the record keeps beside the entry, as JSON texts, and how long the keys live from now on, where that changes. */
  readonly more?: {
    readonly fold?: string | undefined
    readonly usage?: string | undefined
    readonly end?: string | undefined
    readonly timing?: string | undefined
    readonly logMs?: number
    readonly metaMs?: number
  }
}

interface WaitingAppend {
  readonly append: Append
  resolve(outcome: AppendOutcome): void
  reject(error: unknown): void
}

/** The record's answer to an append; a `gap` and a `duplicate` come with the seq that the record has. */
export type AppendOutcome = readonly [
  outcome: 'ok' | 'duplicate' | 'gap' | 'fenced' | 'closed' | 'missing' | 'foreign',
  detail?: string,
]

/** The answer to one append of a batch: an error of one is not the others'. */
type BatchedOutcome = AppendOutcome | readonly [outcome: 'error', message: string]

/** Redis serves nobody else while a script runs: so many appends take it about half a millisecond. */
const MAX_APPENDS = 64
const MAX_BYTES = 256 * 1024
/** A process that has so many appends at a time is a busy one: its next command leaves this much after the one before. */
const MANY_APPENDS = 4
const DISTANCE_MS = 1

/**
 * Sends the appends of many streams. One command is under way at a time, and appends that arrive meanwhile go with the
 * next one, since a command costs this process and Redis more than an append does, and answers come in order anyway. In a
 * cluster streams live on different servers: there each append goes alone, at once.
 */
export class AppendBatcher implements Due {
  readonly #scheduler: Scheduler
  readonly #connection: RedisConnection
  readonly #deadline: Deadline = new Deadline(this)
  #waiting: WaitingAppend[] = []
  #bytes = 0
  #underWay = 0
  #isScheduled = false
  #notBeforeMs = 0

  constructor(scheduler: Scheduler, connection: RedisConnection) {
    this.#scheduler = scheduler
    this.#connection = connection
  }

  /** @throws SluiceError `SLUICE_ERR_STORE` */
  append(append: Append): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ append, resolve, reject })
      this.#bytes += append.payload.length
      const full = this.#waiting.length === MAX_APPENDS || this.#bytes >= MAX_BYTES
      if (full || this.#connection.sharded) this.#send()
      else this.#schedule()
    })
  }

  /** Sends at the end of the turn, when every stream has added its append; in a busy process a little later. */
  #schedule(): void {
    if (this.#isScheduled || this.#underWay > 0) return
    this.#isScheduled = true
    if (this.#scheduler.now() < this.#notBeforeMs) this.#scheduler.schedule(this.#deadline, this.#notBeforeMs)
    else process.nextTick(() => this.due())
  }

  /** It is time to send what waits. */
  due(): void {
    this.#isScheduled = false
    if (this.#underWay === 0) this.#send()
  }

  #send(): void {
    const batch = this.#waiting
    if (batch.length === 0) return
    this.#waiting = []
    this.#bytes = 0
    this.#underWay++
    this.#notBeforeMs = batch.length >= MANY_APPENDS ? this.#scheduler.now() + DISTANCE_MS : 0
    const keys: string[] = []
    const args: string[] = []
    for (const { append } of batch) {
      keys.push(...append.keys)
      args.push(...argsOf(append))
    }
    this.#connection
      .run(SCRIPTS.append, keys, args)
      .finally(() => this.#answered())
      .then((outcomes) => {
        for (const [index, waiting] of batch.entries()) this.#settle(waiting, (outcomes as BatchedOutcome[])[index]!)
      })
      // Whatever fails is an error of all appends that have no answer yet.
      .catch((error: unknown) => {
        for (const waiting of batch) waiting.reject(error)
      })
  }

  #answered(): void {
    this.#underWay--
    if (this.#waiting.length > 0) this.#schedule()
  }

  #settle(waiting: WaitingAppend, outcome: BatchedOutcome): void {
    if (outcome[0] !== 'error') return waiting.resolve(outcome)
    const error = replyError(outcome[1])
    this.#connection.health.refused(error)
    waiting.reject(refusedByRedis(error))
  }
}

/** The arguments of one append. They are few: each costs, and numbers are short. */
export function argsOf({
  epoch,
  after,
  lastSeq,
  tokens,
  firstSeq,
  payload,
  more,
}: Omit<Append, 'keys'>): [string, string] {
  const where = `${epoch} ${after} ${lastSeq} ${tokens} ${firstSeq}`
  return [more ? `${where} ${JSON.stringify(more)}` : where, payload]
}

/** What Redis says of one append of a batch, as it would say it of a command. */
function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' })
}
