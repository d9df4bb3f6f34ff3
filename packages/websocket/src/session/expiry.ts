import { Deadline, expiryOf, type Hub } from '@sluice/core'

/** Calls `expired` when the credential of a socket does. */
export class Expiry {
  readonly #hub: Hub
  readonly #deadline: Deadline

  constructor(hub: Hub, expired: () => void) {
    this.#hub = hub
    this.#deadline = new Deadline({ due: expired })
  }

  /** Milliseconds since 1970; `undefined`: never. */
  set(expiresAtMs: number | undefined): void {
    this.#hub.schedule(this.#deadline, expiryOf(this.#hub, { expiresAtMs }))
  }

  stop(): void {
    this.#hub.cancel(this.#deadline)
  }
}
