import { SluiceError } from '../events/errors.ts'
import { requireInteger, requireKnownNames, requireNumber, withDefault } from '../events/option-rules.ts'
import type { Actor, Principal } from './principal.ts'
import { TokenBucket } from '../clock/token-bucket.ts'

/** How much one owner, and all together, may run. */
export interface LimitOptions {
  /** Streams one owner may have running. Default 32. */
  streamsPerOwner?: number | undefined
  /** Streams one owner may start, a second, in the long run. Default 10. */
  startsPerSecond?: number | undefined
  /** Starts one owner may make at once after a silence. Default 30. */
  startBurst?: number | undefined
  /** Streams running in this process. Default 10,000. */
  streams?: number | undefined
  /** Readers one stream may have. Default 1,000. */
  readersPerStream?: number | undefined
}

/** {@link LimitOptions} with nothing left open. */
export type ResolvedLimitOptions = { readonly [Name in keyof LimitOptions]-?: number }

/** Defaults of {@link LimitOptions}. */
export const DEFAULT_LIMIT_OPTIONS: ResolvedLimitOptions = {
  streamsPerOwner: 32,
  startsPerSecond: 10,
  startBurst: 30,
  streams: 10_000,
  readersPerStream: 1_000,
}

/** Fills `options` with defaults and checks the result. */
export function resolveLimitOptions(options: LimitOptions = {}): ResolvedLimitOptions {
  requireKnownNames('limits', options, Object.keys(DEFAULT_LIMIT_OPTIONS))
  const whole = (name: keyof LimitOptions): number =>
    requireInteger(`limits.${name}`, withDefault(options[name], DEFAULT_LIMIT_OPTIONS[name]), 1, 10_000_000)
  return {
    streamsPerOwner: whole('streamsPerOwner'),
    startsPerSecond: requireNumber(
      'limits.startsPerSecond',
      withDefault(options.startsPerSecond, DEFAULT_LIMIT_OPTIONS.startsPerSecond),
      0.001,
      1_000_000,
    ),
    startBurst: whole('startBurst'),
    streams: whole('streams'),
    readersPerStream: whole('readersPerStream'),
  }
}

interface OwnerAccount {
  running: number
  readonly starts: TokenBucket
}

/** Owners whose bucket is full and who run nothing are forgotten once there are this many. */
const SWEEP_AT_OWNERS = 1_000

/** Counts what runs and says no, with a time to come back, when it is too much. A place is held until it is released. */
export class Admission {
  readonly #limits: ResolvedLimitOptions
  readonly #owners: Map<string, OwnerAccount> = new Map()
  #running = 0
  #sweepAt = SWEEP_AT_OWNERS

  constructor(limits: ResolvedLimitOptions) {
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  /**
   * Takes a place for `actor` (the application itself has no limit of its own); gives the function that releases it, which may be called more than once.
   *
   * @throws SluiceError `SLUICE_ERR_OVERLOADED`, `SLUICE_ERR_TOO_MANY_STREAMS`, `SLUICE_ERR_RATE`
   */
  enter(actor: Actor, nowMs: number): () => void {
    if (this.#running >= this.#limits.streams) {
      throw new SluiceError(
        'SLUICE_ERR_OVERLOADED',
        `This process already runs ${this.#running} streams, which is all that limits.streams allows; try again later.`,
        { retryAfterMs: 1_000 },
      )
    }
    const account = actor === 'server' ? undefined : this.#accountOf(actor, nowMs)
    if (account) this.#require(account, nowMs)
    this.#running++
    if (account) account.running++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#running--
      if (account) account.running--
    }
  }

  #require(account: OwnerAccount, nowMs: number): void {
    if (account.running >= this.#limits.streamsPerOwner) {
      throw new SluiceError(
        'SLUICE_ERR_TOO_MANY_STREAMS',
        `You already run ${account.running} streams, which is all that limits.streamsPerOwner allows; wait for one to end, or cancel one.`,
        { retryAfterMs: 1_000 },
      )
    }
    if (account.starts.available(nowMs) < 1) {
      const retryAfterMs = Math.ceil(account.starts.waitMs(1))
      const { startsPerSecond, startBurst } = this.#limits
      const allowed = `limits.startsPerSecond is ${startsPerSecond}, and limits.startBurst ${startBurst}`
      throw new SluiceError('SLUICE_ERR_RATE', `You start streams too fast; slow down: ${allowed}.`, { retryAfterMs })
    }
    account.starts.take(1)
  }

  #accountOf({ tenant = '', owner }: Principal, nowMs: number): OwnerAccount {
    const name = `${tenant.length}:${tenant}${owner}`
    let account = this.#owners.get(name)
    if (!account) {
      if (this.#owners.size >= this.#sweepAt) this.#sweep(nowMs)
      account = { running: 0, starts: new TokenBucket(this.#limits.startsPerSecond, this.#limits.startBurst, nowMs) }
      this.#owners.set(name, account)
    }
    return account
  }

  #sweep(nowMs: number): void {
    for (const [name, account] of this.#owners) {
      if (account.running === 0 && account.starts.fullAtMs() <= nowMs) this.#owners.delete(name)
    }
    this.#sweepAt = Math.max(SWEEP_AT_OWNERS, 2 * this.#owners.size)
  }
}
