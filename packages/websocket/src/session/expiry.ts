import { Deadline, expiryOf, type Scheduler } from '@sluice/core/extend'

/** Calls `expired` when the credential of a socket does. */
export class Expiry {
  readonly #scheduler: Scheduler
  readonly #deadline: Deadline

  constructor(scheduler: Scheduler, expired: () => void) {
    this.#scheduler = scheduler
    this.#deadline = new Deadline({ due: expired })
  }

  /** Milliseconds since 1970; `undefined`: never. */
  set(expiresAtMs: number | undefined): void {
    this.#scheduler.schedule(this.#deadline, expiryOf(this.#scheduler, { expiresAtMs }))
  }

  stop(): void {
    this.#scheduler.cancel(this.#deadline)
  }
}
