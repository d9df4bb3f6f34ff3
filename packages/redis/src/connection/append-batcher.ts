import { Deadline, type Due, type Scheduler } from '@sluice/core'

import type { RedisConnection } from './redis-connection.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { storeError } from './store-error.ts'

/** One append, as `append.lua` takes it. */
export interface Append {
  readonly keys: readonly [meta: string, log: string]
  readonly epoch: number
  /** Seq after which it goes. */
  readonly after: number
  readonly lastSeq: number
  readonly tokens: number
  readonly payload: string
  /** What is to be said beside it: JSON texts, and how long the keys live from now on. */
  readonly more?: {
    readonly usage?: string | undefined
    readonly end?: string | undefined
    readonly timing?: string | undefined
    readonly logMs: number
    readonly metaMs: number
  }
}

interface Waiting {
  readonly append: Append
  resolve(outcome: AppendOutcome): void
  reject(error: unknown): void
}

/** What the record says to an append; a `gap` with the seq that it has. */
export type AppendOutcome = readonly [
  outcome: 'ok' | 'duplicate' | 'gap' | 'fenced' | 'closed' | 'missing',
  detail?: string,
]

/** What one append answers in a command for many: an error of one is not the others'. */
type Reply = AppendOutcome | readonly [outcome: 'error', message: string]

/** Redis serves nobody else while a script runs: so many appends take it about half a millisecond. */
const MAX_APPENDS = 64
const MAX_BYTES = 256 * 1024
/** A process that has so many at a time is a busy one: the next command leaves this much after the one before. */
const MANY_APPENDS = 4
const DISTANCE_MS = 1

/**
 * Carries the appends of many streams. One command of them is under way at a time, and what comes about meanwhile goes with
 * the next, since a command costs this process and Redis more than an append does, and answers come in order anyway. In a
 * cluster streams live on different servers: there each goes alone, at once.
 */
export class AppendBatcher implements Due {
  readonly #scheduler: Scheduler
  readonly #connection: RedisConnection
  readonly #deadline: Deadline = new Deadline(this)
  #waiting: Waiting[] = []
  #bytes = 0
  #underWay = 0
  #isToSend = false
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
      else this.#sendSoon()
    })
  }

  /** Once everybody who has something by now has said so, and in a busy process a little later. */
  #sendSoon(): void {
    if (this.#isToSend || this.#underWay > 0) return
    this.#isToSend = true
    if (this.#scheduler.now() < this.#notBeforeMs) this.#scheduler.schedule(this.#deadline, this.#notBeforeMs)
    else process.nextTick(() => this.due())
  }

  /** It is time to send what waits. */
  due(): void {
    this.#isToSend = false
    if (this.#underWay === 0) this.#send()
  }

  #send(): void {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    this.#bytes = 0
    this.#underWay++
    this.#notBeforeMs = waiting.length >= MANY_APPENDS ? this.#scheduler.now() + DISTANCE_MS : 0
    const keys: string[] = []
    const args: string[] = []
    for (const { append } of waiting) {
      keys.push(...append.keys)
      args.push(...argsOf(append))
    }
    this.#connection
      .run(SCRIPTS.append, keys, args)
      .finally(() => this.#answered())
      .then((replies) => {
        for (const [index, one] of waiting.entries()) answer(one, (replies as Reply[])[index]!)
      })
      // Whatever goes wrong with the one command is an error of those that have no answer.
      .catch((error: unknown) => {
        for (const one of waiting) one.reject(error)
      })
  }

  #answered(): void {
    this.#underWay--
    if (this.#waiting.length > 0) this.#sendSoon()
  }
}

/** The arguments of one append. They are few: each costs, and numbers are short. */
export function argsOf({ epoch, after, lastSeq, tokens, payload, more }: Omit<Append, 'keys'>): [string, string] {
  const where = `${epoch} ${after} ${lastSeq} ${tokens}`
  return [more ? `${where} ${JSON.stringify(more)}` : where, payload]
}

function answer(waiting: Waiting, reply: Reply): void {
  if (reply[0] === 'error') waiting.reject(storeError(reply[1], new Error(reply[1])))
  else waiting.resolve(reply)
}
