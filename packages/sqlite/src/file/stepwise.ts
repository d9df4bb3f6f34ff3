import type { Runtime } from '@sluice/core'

/** How long one step keeps the event loop from others. */
const STEP_MS = 5
/** How long others have until the next one, in milliseconds. */
export const PAUSE_MS = 20
/** When what could not be written is tried again. */
const AGAIN_MS = 1_000

/** Does what there is to be done to a file in steps that keep the event loop from others for no longer than they may. */
export class Stepwise {
  readonly #runtime: Runtime
  readonly #refused: (error: unknown) => void
  /** The file takes nothing: that was said. */
  #isRefused = false

  constructor(runtime: Runtime, refused: (error: unknown) => void) {
    this.#runtime = runtime
    this.#refused = refused
  }

  /** Calls `doSome` until it gives `false` or the step is over. In how many milliseconds the next one is due; `undefined`: all is done. */
  run(doSome: () => boolean): number | undefined {
    const untilMs = this.#runtime.now() + STEP_MS
    try {
      while (doSome()) if (this.#runtime.now() >= untilMs) return PAUSE_MS
      this.#isRefused = false
      return undefined
    } catch (error) {
      if (!this.#isRefused) this.#refused(error)
      this.#isRefused = true
      return AGAIN_MS
    }
  }
}
