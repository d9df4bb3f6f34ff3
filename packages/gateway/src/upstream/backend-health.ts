import type { BackendFailure } from './failure.ts'
import type { Log } from '../log/log.ts'

/** Whether the backend can be reached, told to the operator whenever that changes. */
export class BackendHealth {
  readonly #log: Log
  readonly #now: () => number
  #downSinceMs: number | undefined

  constructor(log: Log, now: () => number) {
    this.#log = log
    this.#now = now
  }

  get isDown(): boolean {
    return this.#downSinceMs !== undefined
  }

  /** It has answered, whatever it said. */
  answered(): void {
    if (this.#downSinceMs === undefined) return
    const afterMs = Math.round(this.#now() - this.#downSinceMs)
    this.#downSinceMs = undefined
    this.#log.info('The backend answers again', { afterMs })
  }

  /** It could not be asked, or gave no answer. */
  failed(failure: BackendFailure): void {
    if (failure.isOutage) this.down(failure)
  }

  /** It does not answer. */
  down({ reason, message }: BackendFailure): void {
    if (this.#downSinceMs !== undefined) return
    this.#downSinceMs = this.#now()
    this.#log.warn('The backend does not answer', { reason, why: message })
  }
}
