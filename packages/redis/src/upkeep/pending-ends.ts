import type { EndEvent } from '@sluice/core'
import { inSlices, type Keeping, type StoredStream, type StreamName } from '@sluice/core/extend'

import { closeStream } from '../commands/close-stream.ts'
import type { StoreContext } from '../context/store-context.ts'
import { isForeign } from '../protocol/foreign.ts'

/** How long an end is tried again. */
const TRIED_MS = 600_000

interface PendingEnd {
  readonly stream: StreamName
  readonly end: EndEvent
  readonly keeping: Keeping
  readonly epoch: number
  readonly untilMs: number
  /** The store is being asked. */
  underWay: boolean
}

/** Ends that the store could not take when their streams ended, and must learn of once it can. */
export class PendingEnds {
  readonly #context: StoreContext
  readonly #ends: Set<PendingEnd> = new Set()

  constructor(context: StoreContext) {
    this.#context = context
  }

  add({ facts, log }: StoredStream, keeping: Keeping, end: EndEvent): void {
    const untilMs = this.#context.scheduler.now() + TRIED_MS
    const pending = { stream: facts, end, keeping, epoch: log.epoch, untilMs, underWay: false }
    this.#ends.add(pending)
    this.#try(pending)
  }

  /** After an outage there may be as many as there were streams. */
  tryAgain(): void {
    void inSlices(this.#context.scheduler, [...this.#ends], (pending) => this.#try(pending))
  }

  #try(pending: PendingEnd): void {
    if (pending.underWay || !this.#ends.has(pending)) return
    const { stream, end, keeping, epoch, untilMs } = pending
    pending.underWay = true
    closeStream(this.#context, stream, { end, keeping, epoch }).then(
      () => this.#ends.delete(pending),
      (error: unknown) => {
        pending.underWay = false
        if (isForeign(error) || this.#context.scheduler.now() > untilMs) this.#ends.delete(pending)
      },
    )
  }
}
