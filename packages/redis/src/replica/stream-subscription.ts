import { Deadline, type Due, type StreamName } from '@sluice/core'

import type { StreamListener } from '../connection/subscriptions.ts'
import type { StoreContext } from '../context/store-context.ts'

/** Who follows a stream. */
export interface Subscriber {
  /** Something was said of the stream. */
  heard(message: string): void
  /** Something may have been missed. */
  catchUp(): Promise<void>
}

/** Hears what is said of one stream, and has its follower look when nothing was heard for a while. */
export class StreamSubscription implements StreamListener, Due {
  readonly #context: StoreContext
  readonly #stream: StreamName
  readonly #follower: Subscriber
  readonly #deadline: Deadline = new Deadline(this)
  #begun = false
  #activeMs: number

  constructor(context: StoreContext, stream: StreamName, follower: Subscriber) {
    this.#context = context
    this.#stream = stream
    this.#follower = follower
    this.#activeMs = context.scheduler.now()
  }

  get begun(): boolean {
    return this.#begun
  }

  begin(): void {
    this.#begun = true
    const { scheduler, subscriptions, options } = this.#context
    scheduler.schedule(this.#deadline, scheduler.now() + options.lookEveryMs)
    subscriptions
      .listen(this.#stream, this)
      .then(() => this.#follower.catchUp())
      .catch(ignore)
  }

  stop(): void {
    if (!this.#begun) return
    this.#begun = false
    this.#context.scheduler.cancel(this.#deadline)
    this.#context.subscriptions.forget(this.#stream, this)
  }

  /** The store has been looked at. */
  looked(): void {
    this.#activeMs = this.#context.scheduler.now()
  }

  heard(message: string): void {
    this.#activeMs = this.#context.scheduler.now()
    this.#follower.heard(message)
  }

  missed(): void {
    void this.#follower.catchUp().catch(ignore)
  }

  /** It is time to look: nothing was heard for a while. */
  due(): void {
    if (!this.#begun) return
    const { scheduler, options } = this.#context
    const dueMs = this.#activeMs + options.lookEveryMs
    if (scheduler.now() >= dueMs) void this.#follower.catchUp().catch(ignore)
    scheduler.schedule(this.#deadline, Math.max(dueMs, scheduler.now() + options.lookEveryMs / 2))
  }
}

function ignore(): void {}
