import type { StoreContext } from '../context/store-context.ts'
import { isFull } from '../file/store-error.ts'

const FIRST_PAUSE_MS = 20
const MAX_PAUSE_MS = 500

/** A file that does not take what it is given: when to try again, and when to give up. */
export class Outage {
  readonly #context: StoreContext
  #sinceMs: number | undefined
  #pauseMs = FIRST_PAUSE_MS

  constructor(context: StoreContext) {
    this.#context = context
  }

  get underWay(): boolean {
    return this.#sinceMs !== undefined
  }

  /** True once it has lasted so long that streams are not made to wait any more. */
  get isTooLong(): boolean {
    const { scheduler, options } = this.#context
    return this.#sinceMs !== undefined && scheduler.now() - this.#sinceMs >= options.outageMs
  }

  /** The file has refused something; gives when to try again. */
  refused(error: unknown): number {
    const { scheduler, options } = this.#context
    const nowMs = scheduler.now()
    if (this.#sinceMs === undefined) {
      const why = isFull(error) ? 'There is no room left for streams' : 'The file of streams cannot be written'
      options.onWarning(
        `${why} in ${options.directory}: ${String(error)}. What runs waits ${options.outageMs} ms, and is ended then.`,
      )
    }
    this.#sinceMs ??= nowMs
    const atMs = nowMs + this.#pauseMs
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS)
    return atMs
  }

  /** The file has taken something. */
  over(): void {
    this.#sinceMs = undefined
    this.#pauseMs = FIRST_PAUSE_MS
  }
}
