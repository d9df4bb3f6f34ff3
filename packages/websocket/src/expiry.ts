import { Deadline, type Hub } from '@sluice/core'

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
    const atMs = expiresAtMs === undefined ? Infinity : this.#hub.now() + Math.max(0, expiresAtMs - Date.now())
    this.#hub.schedule(this.#deadline, atMs)
  }

  stop(): void {
    this.#hub.cancel(this.#deadline)
  }
}
