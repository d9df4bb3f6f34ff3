import { Deadline, type Due, type Keeping, type Log } from '@sluice/core'

import type { StoreContext } from '../context/store-context.ts'
import { SILENT_MS } from '../protocol/times.ts'

/**
 * A store that does not take what one stream gives it. What is asked for then is done in time, whatever the command under
 * way does: readers here are served without the store, or the stream is given up.
 */
export class Outage implements Due {
  readonly #context: StoreContext
  readonly #log: Log
  readonly #keeping: Keeping
  readonly #giveUp: () => void
  /** Since when the store has not taken what it was given. */
  #sinceMs: number | undefined
  /** Set while something is under way, and a little longer: most are called off by nobody, and find nothing to do. */
  readonly #patience: Deadline = new Deadline(this)
  #isPatient = false
  /** True while readers here are served without the store. */
  #ahead = false

  constructor(context: StoreContext, log: Log, keeping: Keeping, giveUp: () => void) {
    this.#context = context
    this.#log = log
    this.#keeping = keeping
    this.#giveUp = giveUp
  }

  /** The store is asked to take something, perhaps again. */
  asked(nowMs: number): void {
    this.#sinceMs ??= nowMs
    if (!this.#isPatient) this.#watch(this.#sinceMs)
  }

  /** It has answered. */
  answered(): void {
    this.#sinceMs = undefined
    if (!this.#ahead) return
    this.#ahead = false
    this.#log.storeFirstAgain(this.#keeping.durability === 'write-behind' ? 'appended' : 'stored')
  }

  /** Nothing more is given to the store. */
  stop(): void {
    this.#sinceMs = undefined
    this.#context.scheduler.cancel(this.#patience)
  }

  /** @internal */
  due(): void {
    this.#isPatient = false
    const sinceMs = this.#sinceMs
    if (sinceMs === undefined) return
    if (this.#context.scheduler.now() - sinceMs < this.#patienceMs) return this.#watch(sinceMs)
    if (this.#context.options.onStoreOutage === 'end') return this.#giveUp()
    if (this.#ahead) return
    this.#ahead = true
    this.#log.runAhead()
  }

  get #patienceMs(): number {
    const { onStoreOutage, outageMs } = this.#context.options
    return onStoreOutage === 'end' ? outageMs : SILENT_MS
  }

  #watch(sinceMs: number): void {
    this.#isPatient = true
    this.#context.scheduler.schedule(this.#patience, sinceMs + this.#patienceMs)
  }
}
