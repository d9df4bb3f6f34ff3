import type { Scheduler } from '@sluice/core/extend'

/** A reply that took longer than this counts as a silence before it. */
const SLOW_MS = 2_000

/** Whether Redis answers, since when, and why not. */
export class ConnectionHealth {
  readonly #scheduler: Scheduler
  readonly #warn: (message: string) => void
  #answeringSinceMs: number | undefined
  #silentSinceMs: number | undefined
  /** When the last reply came, or a connection that gave none was made anew. */
  lastReplyMs = 0
  #connectionError: Error | undefined
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

  /** When Redis stopped answering, as far as it has been noticed; `undefined` while it answers. */
  get silentSinceMs(): number | undefined {
    return this.#silentSinceMs
  }

  /** Why there is no connection, as far as it is known. */
  get connectionError(): Error | undefined {
    return this.#connectionError
  }

  /** A reply has come. One that was long in coming shows that Redis gave none meanwhile. */
  answered(askedMs: number): void {
    const now = this.#scheduler.now()
    const paused = now - askedMs > SLOW_MS
    this.lastReplyMs = now
    this.#connectionError = undefined
    if (this.#answeringSinceMs === undefined || paused) this.#answeringSinceMs = now
    if (this.#silentSinceMs === undefined) return
    this.#silentSinceMs = undefined
    this.onAnswering()
  }

  /** A command got no reply, or a connection is gone. */
  unanswered(): void {
    this.#answeringSinceMs = undefined
    this.#silentSinceMs ??= this.#scheduler.now()
  }

  /** There is no connection. A server that refuses it is a matter for the operator: no retry mends that. */
  notConnected(error: Error): void {
    const isKnown = error.message === this.#connectionError?.message
    this.#connectionError = error
    if (error.name !== 'ReplyError' || isKnown) return
    this.#warn(`Redis refuses the connection: ${error.message}. Check the user and password of the store's URL.`)
  }
}
