import type { Scheduler } from '@sluice/core'

/** An answer that took longer than this counts as a silence before it. */
const SLOW_MS = 2_000

/** Whether Redis answers, since when, and why not. */
export class ConnectionHealth {
  readonly #scheduler: Scheduler
  readonly #warn: (message: string) => void
  #answeringSinceMs: number | undefined
  #silentSinceMs: number | undefined
  /** When the last answer came, or a connection that gave none was made anew. */
  heardMs = 0
  #hindrance: Error | undefined
  /** Called when Redis answers again after a silence. */
  onAnswering: () => void = () => {}

  constructor(scheduler: Scheduler, warn: (message: string) => void) {
    this.#scheduler = scheduler
    this.#warn = warn
  }

  /** How long Redis has answered without a pause, in milliseconds. */
  get answeringForMs(): number {
    return this.#answeringSinceMs === undefined ? 0 : this.#scheduler.now() - this.#answeringSinceMs
  }

  /** When Redis stopped answering, as far as it has been noticed; `undefined` while it does. */
  get silentSinceMs(): number | undefined {
    return this.#silentSinceMs
  }

  /** Why there is no connection, as far as it is known. */
  get hindrance(): Error | undefined {
    return this.#hindrance
  }

  /** An answer that was long in coming says that there were none meanwhile. */
  answered(sentMs: number): void {
    const now = this.#scheduler.now()
    const paused = now - sentMs > SLOW_MS
    this.heardMs = now
    this.#hindrance = undefined
    if (this.#answeringSinceMs === undefined || paused) this.#answeringSinceMs = now
    if (this.#silentSinceMs === undefined) return
    this.#silentSinceMs = undefined
    this.onAnswering()
  }

  /** A command got no answer, or a connection is gone. */
  fell(): void {
    this.#answeringSinceMs = undefined
    this.#silentSinceMs ??= this.#scheduler.now()
  }

  /** A server that is there and lets nobody in is one that the operator must hear of: it comes right by nothing we do. */
  hindered(error: Error): void {
    const again = error.message === this.#hindrance?.message
    this.#hindrance = error
    if (error.name !== 'ReplyError' || again) return
    this.#warn(`Redis refuses the connection: ${error.message}. Check the user and password of the store's URL.`)
  }
}
