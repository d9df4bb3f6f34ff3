import { Deadline, type Due, type StreamName } from '@sluice/core/extend'

import type { StreamListener } from '../connection/subscriptions.ts'
import type { StoreContext } from '../context/store-context.ts'

/** Who follows a stream. */
export interface Subscriber {
  /** Something was published about the stream. */
  received(message: string): void
  /** Messages may have been missed: the store is to be asked. */
  catchUp(): Promise<void>
}

/** Passes on what is published about one stream. After a silence the subscriber is made to ask the store. */
export class StreamSubscription implements StreamListener, Due {
  readonly #context: StoreContext
  readonly #stream: StreamName
  readonly #subscriber: Subscriber
  readonly #deadline: Deadline = new Deadline(this)
  #begun = false
  #activeMs: number

  constructor(context: StoreContext, stream: StreamName, subscriber: Subscriber) {
    this.#context = context
    this.#stream = stream
    this.#subscriber = subscriber
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
      .then(() => this.#subscriber.catchUp())
      .catch(ignore)
  }

  stop(): void {
    if (!this.#begun) return
    this.#begun = false
    this.#context.scheduler.cancel(this.#deadline)
    this.#context.subscriptions.forget(this.#stream, this)
  }

  /** The store was asked. */
  caughtUp(): void {
    this.#activeMs = this.#context.scheduler.now()
  }

  received(message: string): void {
    this.#activeMs = this.#context.scheduler.now()
    this.#subscriber.received(message)
  }

  missed(): void {
    void this.#subscriber.catchUp().catch(ignore)
  }

  /** The store is asked if nothing has arrived for a while. */
  due(): void {
    if (!this.#begun) return
    const { scheduler, options } = this.#context
    const dueMs = this.#activeMs + options.lookEveryMs
    if (scheduler.now() >= dueMs) void this.#subscriber.catchUp().catch(ignore)
    scheduler.schedule(this.#deadline, Math.max(dueMs, scheduler.now() + options.lookEveryMs / 2))
  }
}

function ignore(): void {}
