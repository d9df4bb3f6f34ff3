import { Deadline, type Due, type StreamName } from '@sluice/core'

import type { StreamListener } from '../connection/subscriptions.ts'
import type { Shop } from '../context/store-context.ts'

/** Who follows a stream. */
export interface Follower {
  /** Something was said of the stream. */
  heard(message: string): void
  /** Something may have been missed. */
  catchUp(): Promise<void>
}

/** Hears what is said of one stream, and has its follower look when nothing was heard for a while. */
export class Following implements StreamListener, Due {
  readonly #shop: Shop
  readonly #stream: StreamName
  readonly #follower: Follower
  readonly #deadline: Deadline = new Deadline(this)
  #begun = false
  #activeMs: number

  constructor(shop: Shop, stream: StreamName, follower: Follower) {
    this.#shop = shop
    this.#stream = stream
    this.#follower = follower
    this.#activeMs = shop.hub.now()
  }

  get begun(): boolean {
    return this.#begun
  }

  begin(): void {
    this.#begun = true
    const { hub, mailbox, options } = this.#shop
    hub.schedule(this.#deadline, hub.now() + options.lookEveryMs)
    mailbox
      .listen(this.#stream, this)
      .then(() => this.#follower.catchUp())
      .catch(ignore)
  }

  stop(): void {
    if (!this.#begun) return
    this.#begun = false
    this.#shop.hub.cancel(this.#deadline)
    this.#shop.mailbox.forget(this.#stream, this)
  }

  /** The store has been looked at. */
  looked(): void {
    this.#activeMs = this.#shop.hub.now()
  }

  heard(message: string): void {
    this.#activeMs = this.#shop.hub.now()
    this.#follower.heard(message)
  }

  missed(): void {
    void this.#follower.catchUp().catch(ignore)
  }

  /** It is time to look: nothing was heard for a while. */
  due(): void {
    if (!this.#begun) return
    const { hub, options } = this.#shop
    const dueMs = this.#activeMs + options.lookEveryMs
    if (hub.now() >= dueMs) void this.#follower.catchUp().catch(ignore)
    hub.schedule(this.#deadline, Math.max(dueMs, hub.now() + options.lookEveryMs / 2))
  }
}

function ignore(): void {}
