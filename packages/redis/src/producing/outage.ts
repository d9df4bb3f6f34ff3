import { Deadline, type Due, type Keeping, type Log } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { SILENT_MS } from '../protocol/times.ts'

/**
 * A store that does not take what one stream gives it. What the options ask for then is done in time, whatever the command
 * under way does: readers here are served without the store, or the stream is given up.
 */
export class Outage implements Due {
  readonly #context: StoreContext
  readonly #log: Log
  readonly #keeping: Keeping
  readonly #giveUp: () => void
  /** Since when the store has not taken what it was given. */
  #sinceMs: number | undefined
  /** Set while something is under way, and a little longer: mostly it is not cancelled, and finds nothing to do. */
  readonly #deadline: Deadline = new Deadline(this)
  #isScheduled = false
  /** True while readers here are served without the store. */
  #runsAhead = false

  constructor(context: StoreContext, log: Log, keeping: Keeping, giveUp: () => void) {
    this.#context = context
    this.#log = log
    this.#keeping = keeping
    this.#giveUp = giveUp
  }

  /** The store is asked to take something, perhaps again. */
  asked(nowMs: number): void {
    this.#sinceMs ??= nowMs
    if (!this.#isScheduled) this.#schedule(this.#sinceMs)
  }

  /** The store has answered. */
  answered(): void {
    this.#sinceMs = undefined
    if (!this.#runsAhead) return
    this.#runsAhead = false
    this.#log.storeFirstAgain(this.#keeping.durability === 'write-behind' ? 'appended' : 'stored')
  }

  /** Nothing more is given to the store. */
  stop(): void {
    this.#sinceMs = undefined
    this.#context.scheduler.cancel(this.#deadline)
  }

  /** @internal */
  due(): void {
    this.#isScheduled = false
    const sinceMs = this.#sinceMs
    if (sinceMs === undefined) return
    if (this.#context.scheduler.now() - sinceMs < this.#limitMs) return this.#schedule(sinceMs)
    if (this.#context.options.onStoreOutage === 'end') return this.#giveUp()
    if (this.#runsAhead) return
    this.#runsAhead = true
    this.#log.runAhead()
  }

  get #limitMs(): number {
    const { onStoreOutage, outageMs } = this.#context.options
    return onStoreOutage === 'end' ? outageMs : SILENT_MS
  }

  #schedule(sinceMs: number): void {
    this.#isScheduled = true
    this.#context.scheduler.schedule(this.#deadline, sinceMs + this.#limitMs)
  }
}
