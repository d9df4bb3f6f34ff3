import { randomBytes } from 'node:crypto'

import { Deadline, type Scheduler } from '@sluice/core/extend'

import type { ChannelMode } from '../protocol/channel-mode.ts'
import type { Keys } from '../protocol/keys.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { withoutArguments } from '../connection/connection-failure.ts'
import type { RedisConnection } from '../connection/redis-connection.ts'
import type { ResolvedRedisStoreOptions } from '../connection/redis-store-options.ts'
import { refusalOf } from '../connection/store-error.ts'
import { type Subscriptions, WORD } from '../connection/subscriptions.ts'

/** What the wake-ups of one process are made of. */
export interface WakeUpParts {
  readonly connection: RedisConnection
  readonly subscriptions: Subscriptions
  readonly keys: Keys
  readonly instance: string
  readonly scheduler: Scheduler
  readonly options: ResolvedRedisStoreOptions
}

/** How a way to be woken has turned out. */
interface Trial {
  readonly mode: ChannelMode
  /** Whether this process can wake others in this way. */
  readonly wakes: boolean
  /** Why it is not woken itself; `undefined` where it is. */
  readonly refusal: string | undefined
  /** Whether Redis has denied this way, as it will next time. What is only not heard may be a connection that broke just now. */
  readonly isDenied: boolean
}

/** Why something did not work. */
type Failure = Pick<Trial, 'isDenied'> & { readonly words: string }

/**
 * Finds out how processes on this Redis can wake each other: each says a word, and hears it or does not. Where none is heard
 * streams are looked at instead, which is slower: the operator is told, and it is tried again.
 */
export class WakeUps {
  readonly #parts: WakeUpParts
  readonly #deadline: Deadline = new Deadline({ due: () => this.#expired?.() })
  #expired: (() => void) | undefined
  #word: string | undefined
  #heard: (() => void) | undefined
  #underWay: Promise<void> | undefined
  #isEstablished = false
  #deafFor: string | undefined
  /** Called when nobody wakes this process any more. */
  onDeaf: () => void = () => {}

  constructor(parts: WakeUpParts) {
    this.#parts = parts
    parts.subscriptions.onWord = (word) => {
      if (word === this.#word) this.#heard?.()
    }
  }

  /** Whether streams of other processes must be looked at, for nobody wakes this one. */
  get isDeaf(): boolean {
    return this.#deafFor !== undefined
  }

  /** Finds out again, once it is known: rights change, and so do servers. */
  look(): void {
    if (this.#isEstablished) this.establish().catch(ignore)
  }

  /** Tries the ways there are, best first. @throws SluiceError `SLUICE_ERR_STORE` when Redis does not answer */
  establish(): Promise<void> {
    this.#underWay ??= this.#establish().finally(() => (this.#underWay = undefined))
    return this.#underWay
  }

  stop(): void {
    this.#parts.scheduler.cancel(this.#deadline)
    this.#expired?.()
  }

  async #establish(): Promise<void> {
    const { connection, options } = this.#parts
    const modes: ChannelMode[] = connection.sharded ? ['sharded', 'plain'] : ['plain']
    // What works is tried first: nobody's subscriptions are made anew for nothing.
    if (connection.channels === 'plain') modes.reverse()
    const trials: Trial[] = []
    for (const mode of modes) {
      const trial = await this.#tryOut(mode)
      trials.push(trial)
      // Another way is for all processes on this Redis: none may take it because its own connection is gone for a while.
      if (!trial.isDenied) break
    }
    this.#isEstablished = true
    const works = trials.find(({ refusal }) => refusal === undefined)
    // Who hears nothing may well be heard.
    connection.channels = (works ?? trials.find(({ wakes }) => wakes))?.mode ?? 'none'
    const [first] = trials
    if (works) return this.#woken(works.mode, first!)
    const why = first!.refusal!
    if (this.#deafFor === why) return
    this.#deafFor = why
    this.onDeaf()
    options.onWarning(
      `Redis does not wake this process (${why}). Streams of other processes are looked at every ${options.lookEveryMs} ms, which is slower and costs more. ${this.#rights(modes)}`,
    )
  }

  /** The way is found. Of a cluster the operator is told that it is not the best one. */
  #woken(mode: ChannelMode, first: Trial): void {
    const { connection, options } = this.#parts
    if (this.isDeaf) options.onWarning('Redis wakes this process again.')
    this.#deafFor = undefined
    if (!connection.sharded || mode === 'sharded' || first.mode === 'plain') return
    options.onWarning(
      `This cluster's sharded channels cannot be used (${first.refusal}): each of its nodes passes every message on to all others. All processes must do so alike. ${this.#rights(['sharded'])}`,
    )
  }

  #rights(modes: readonly ChannelMode[]): string {
    const commands = modes.includes('sharded')
      ? '+spublish +ssubscribe +sunsubscribe'
      : '+publish +subscribe +unsubscribe'
    return `Its user needs the channels &${this.#parts.options.prefix}* and ${commands}, and nothing between may keep messages back.`
  }

  async #tryOut(mode: ChannelMode): Promise<Trial> {
    const { connection, subscriptions, keys, instance, options } = this.#parts
    const { commandMs } = options
    const listening = await this.#inTime(subscriptions.use(mode).then(() => 'done' as const, failureOf))
    const heard = new Promise<'heard'>((resolve) => (this.#heard = () => resolve('heard')))
    this.#word = WORD + randomBytes(6).toString('hex')
    const args = [subscriptions.ownChannel(mode), this.#word]
    const saying = await connection.tryOut(SCRIPTS.say, [keys.check(instance)], args, mode).then(
      () => undefined,
      (error: unknown) => {
        const failure = failureOf(error)
        if (failure.isDenied) return failure
        throw error
      },
    )
    if (saying) return { mode, wakes: false, refusal: saying.words, isDenied: true }
    if (listening === undefined) {
      const refusal = `its channels could not be listened to in ${commandMs} ms`
      return { mode, wakes: true, refusal, isDenied: false }
    }
    if (listening !== 'done') return { mode, wakes: true, refusal: listening.words, isDenied: listening.isDenied }
    const isHeard = (await this.#inTime(heard)) !== undefined
    const refusal = isHeard ? undefined : `what it said was not heard in ${commandMs} ms`
    return { mode, wakes: true, refusal, isDenied: false }
  }

  /** `undefined` when it takes longer than a command may. */
  async #inTime<Outcome>(outcome: Promise<Outcome>): Promise<Outcome | undefined> {
    const { scheduler, options } = this.#parts
    const expired = new Promise<undefined>((resolve) => (this.#expired = () => resolve(undefined)))
    scheduler.schedule(this.#deadline, scheduler.now() + options.commandMs)
    try {
      return await Promise.race([outcome, expired])
    } finally {
      scheduler.cancel(this.#deadline)
    }
  }
}

/** Redis has denied what it answers with an error. */
function failureOf(error: unknown): Failure {
  const { name, message } = error as Error
  const refusal = refusalOf(error) ?? (name === 'ReplyError' ? message : undefined)
  return { isDenied: refusal !== undefined, words: withoutArguments(refusal ?? message) }
}

function ignore(): void {}
