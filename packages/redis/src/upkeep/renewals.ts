import { Deadline, type Due, inSlices } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import type { ProducedStream } from '../producing/produced-stream.ts'
import { RENEW_MS } from '../protocol/times.ts'
import type { Replica } from '../replica/replica.ts'

/** What is renewed: the leases of streams that are produced here, the reports of readers here. */
export interface Renewed {
  readonly produced: Iterable<ProducedStream>
  readonly replicas: Iterable<Replica>
}

/** A round of renewals takes this many slices: ten thousand streams at once would keep this process, and Redis, from all else. */
const SLICES = 32
/** So few are no work worth spreading. */
const MIN_PER_SLICE = 32

/**
 * Renews everything once in each period, a slice after the other. What is new comes behind what is there, so that each keeps
 * its place in the round, and its distance to the next.
 */
export class Renewals implements Due {
  readonly #context: StoreContext
  readonly #renewed: Renewed
  readonly #deadline: Deadline = new Deadline(this)
  #waiting: (ProducedStream | Replica)[] = []
  #perSlice = 0
  #stopped = false

  constructor(context: StoreContext, renewed: Renewed) {
    this.#context = context
    this.#renewed = renewed
  }

  /** A round begins. What the one before has left has waited longest. */
  begin(): void {
    this.#waiting = [...new Set([...this.#waiting, ...this.#renewed.produced, ...this.#renewed.replicas])]
    this.#perSlice = Math.max(MIN_PER_SLICE, Math.ceil(this.#waiting.length / SLICES))
    this.due()
  }

  /** Redis answers again, or has perhaps said what was not heard: the whole round is now. */
  hurry(): void {
    void inSlices(this.#context.scheduler, this.#waiting.splice(0), renew)
  }

  /** It is time for the next slice. */
  due(): void {
    for (const one of this.#waiting.splice(0, this.#perSlice)) renew(one)
    if (this.#waiting.length === 0 || this.#stopped) return
    const { scheduler } = this.#context
    scheduler.schedule(this.#deadline, scheduler.now() + RENEW_MS / (SLICES + 1))
  }

  stop(): void {
    this.#stopped = true
    this.#waiting = []
    this.#context.scheduler.cancel(this.#deadline)
  }
}

function renew(one: ProducedStream | Replica): void {
  if ('report' in one) return one.report()
  if (one.over) return
  one.readersElsewhere.count()
  one.renew().catch(ignore)
}

function ignore(): void {}
