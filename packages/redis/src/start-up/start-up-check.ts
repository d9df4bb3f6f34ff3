import { isSluiceError, SluiceError } from '@sluice/core'
import { Deadline } from '@sluice/core/extend'

import { SCRIPTS } from '../protocol/scripts.ts'
import { explainFailure, withoutArguments } from '../connection/connection-failure.ts'
import { isInfo, judgeServer } from './server-info.ts'
import { refusalOf } from '../connection/store-error.ts'
import type { WakeUpParts, WakeUps } from './wake-ups.ts'

/** How long what is tried may stay, should the script that tries it be cut off. */
const TRIED_MS = 60_000
/** After an answer that is none yet, as that of a server which still loads. */
const AGAIN_MS = 250

/** What a server that cannot be used says, and what to do about it; the first that fits. */
const REFUSALS: readonly (readonly [RegExp, advice: (prefix: string) => string])[] = [
  [
    /^NOPERM|No permission|no permissions|can't (?:run|access)/i,
    (prefix) =>
      `Give its user the rights of the ACL line in the documentation: the keys ~${prefix}*, the channels &${prefix}*, and the commands named there`,
  ],
  [
    /^(?:CROSSSLOT|MOVED|ASK)/,
    () =>
      'It keeps keys on several servers: write redis+cluster:// or rediss+cluster:// with some of its nodes, or give a Cluster as `client`',
  ],
  [
    /unknown command/i,
    () => 'It is no Redis that keeps streams: where it is a Sentinel, write redis+sentinel://host:port/name',
  ],
]
/** What passes by itself. */
const PASSING = /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|NOREPLICAS|MISCONF|ERR max number of clients)/

/** Tries at the start what the store will do, until all of it has worked once. */
export class StartUpCheck {
  readonly #parts: WakeUpParts
  readonly #wakeUps: WakeUps
  readonly #again: Deadline = new Deadline({ due: () => this.#goOn() })
  #checked: Promise<void> | undefined
  #paused: Promise<void> | undefined
  #goOn: () => void = ignore
  #stopped = false

  constructor(parts: WakeUpParts, wakeUps: WakeUps) {
    this.#parts = parts
    this.#wakeUps = wakeUps
  }

  /** @throws SluiceError `SLUICE_ERR_OPTION` when the server cannot be used, `SLUICE_ERR_STORE` when it does not answer */
  passed(): Promise<void> {
    this.#checked ??= this.#check().catch((error: unknown) => {
      // A server that did not answer may do so now, and one that refused may have been told to let us in.
      this.#checked = undefined
      throw error
    })
    return this.#checked
  }

  /** As {@link passed}, once a server that comes late has come. */
  async passedInTime(): Promise<void> {
    const { scheduler, options } = this.#parts
    const beganMs = scheduler.now()
    for (;;) {
      try {
        return await this.passed()
      } catch (error) {
        const isHopeless = isSluiceError(error) && error.code === 'SLUICE_ERR_OPTION'
        if (isHopeless || this.#stopped || scheduler.now() - beganMs + AGAIN_MS >= options.waitMs) throw error
        await this.#pause()
      }
    }
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#stopped = true
    this.#parts.scheduler.cancel(this.#again)
    this.#goOn()
  }

  /** For all who wait. */
  #pause(): Promise<void> {
    const { scheduler } = this.#parts
    this.#paused ??= new Promise<void>((resolve) => {
      this.#goOn = resolve
      scheduler.schedule(this.#again, scheduler.now() + AGAIN_MS)
    }).finally(() => (this.#paused = undefined))
    return this.#paused
  }

  async #check(): Promise<void> {
    const { health } = this.#parts.connection
    const { promise: hopeless, reject } = Promise.withResolvers<never>()
    hopeless.catch(ignore)
    health.onHopeless = () => {
      if (health.hopeless) reject(unusable(explainFailure(health.hopeless).words, health.hopeless))
    }
    health.onHopeless()
    try {
      await Promise.race([this.#look().then(() => this.#tryOut()), hopeless])
      await Promise.race([this.#wakeUps.establish(), hopeless])
    } finally {
      health.onHopeless = ignore
    }
  }

  /** Looks at what the server says of itself. A server that forbids INFO says nothing, and may be all right. */
  async #look(): Promise<void> {
    const { connection, options } = this.#parts
    let info: string
    try {
      info = await connection.ask(() => connection.commands.info(), isInfo)
    } catch (error) {
      if (refusalOf(error)?.startsWith('NOPERM')) return
      throw this.#explained(error)
    }
    const { refusal, warning } = judgeServer(info)
    if (refusal !== undefined) throw unusable(refusal)
    if (warning !== undefined) options.onWarning(warning)
  }

  /** Does once what scripts do. */
  async #tryOut(): Promise<void> {
    const { connection, keys, instance } = this.#parts
    const key = keys.check(instance)
    const other = connection.sharded ? `${key}:2` : keys.check(`${instance}:2`)
    try {
      await connection.tryOut(SCRIPTS.check, [key, other], [TRIED_MS], 'none')
    } catch (error) {
      throw this.#explained(error)
    }
  }

  /** An answer that stays what it is, however often one asks, as an error that says what must be changed. */
  #explained(error: unknown): unknown {
    const refusal = refusalOf(error) ?? readOnly(error)
    if (refusal === undefined || PASSING.test(refusal)) return error
    const advice = REFUSALS.find(([pattern]) => pattern.test(refusal))?.[1](this.#parts.options.prefix)
    return unusable(
      `Redis cannot be used: ${withoutArguments(refusal)}. ${advice === undefined ? '' : `${advice}.`}`.trim(),
      error,
    )
  }
}

function unusable(message: string, cause?: unknown): SluiceError {
  return new SluiceError('SLUICE_ERR_OPTION', message, { cause })
}

/** ioredis connects anew for as long as a server takes no writes; in the end there is no answer. */
function readOnly(error: unknown): string | undefined {
  const { cause } = error as Error
  return cause instanceof Error && cause.message.startsWith('READONLY') ? cause.message : undefined
}

function ignore(): void {}
