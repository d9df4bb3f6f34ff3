import type { EndEvent } from '@sluice/core'
import type { Keeping, StoredStream, StreamName } from '@sluice/core/extend'

import { closeStream } from '../commands/close-stream.ts'
import type { StoreContext } from '../context/store-context.ts'
import { isForeign } from '../protocol/foreign.ts'

/** How long an end is tried again. */
const TRIED_MS = 600_000

/** Ends that the store could not take when their streams ended, and must learn of once it can. */
export class PendingEnds {
  readonly #context: StoreContext
  readonly #ends: Map<StreamName, { end: EndEvent; keeping: Keeping; epoch: number; untilMs: number }> = new Map()

  constructor(context: StoreContext) {
    this.#context = context
  }

  add({ facts, log }: StoredStream, keeping: Keeping, end: EndEvent): void {
    this.#ends.set(facts, { end, keeping, epoch: log.epoch, untilMs: this.#context.scheduler.now() + TRIED_MS })
    this.tryAgain()
  }

  tryAgain(): void {
    const now = this.#context.scheduler.now()
    for (const [stream, { end, keeping, epoch, untilMs }] of this.#ends) {
      closeStream(this.#context, stream, { end, keeping, epoch }).then(
        () => this.#ends.delete(stream),
        (error: unknown) => (isForeign(error) || now > untilMs) && this.#ends.delete(stream),
      )
    }
  }
}
