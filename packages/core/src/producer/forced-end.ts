import { Deadline, type Due } from '../clock/deadlines.ts'
import { cutEnd, isOver } from '../log/end.ts'
import type { ProducerContext } from './producer-context.ts'
import type { EndCause } from '../events/event.ts'
import type { LifecycleVerdict } from './lifecycle-machine.ts'
import type { StoredStream } from '../store/store.ts'

/** When an end that the store could not take is tried again. */
const CLOSE_AGAIN_MS = 1_000

/** How a stream is ended by those who produce it, before its source has finished: tried until the store has the end. */
export class ForcedEnd implements Due {
  readonly #context: ProducerContext
  readonly #stored: StoredStream
  readonly #deadline: Deadline = new Deadline(this)
  /** True while the lifecycle's own close is under way: asking again would not hasten it. */
  underWay = false
  /** An end that the store has failed to take. */
  #owed: LifecycleVerdict

  constructor(context: ProducerContext, stored: StoredStream) {
    this.#context = context
    this.#stored = stored
  }

  /** Ends the stream in the same fenced step that any other process would take. Never rejects: it is tried again. */
  async close(cause: EndCause, limit?: string): Promise<void> {
    const { scheduler, observers, store } = this.#context
    const { facts, log } = this.#stored
    if (log.end) return
    try {
      const end = cutEnd(log, cause, limit)
      const unlessAttended = cause === 'disconnect'
      const closing = await store.close(facts, end, { unlessAttended, epoch: log.epoch })
      if (closing.is === 'missing') log.lose('storage')
    } catch (error) {
      observers.notify('failed', facts, { where: 'store', error })
      if (isOver(log)) return
      this.#owed = { end: cause, limit: limit ?? '' }
      scheduler.schedule(this.#deadline, scheduler.now() + CLOSE_AGAIN_MS)
    }
  }

  /** Does what the lifecycle demands. */
  carryOut({ end, limit }: NonNullable<LifecycleVerdict>): void {
    if (this.underWay) return
    this.underWay = true
    this.#owed = undefined
    void this.close(end, limit).finally(() => (this.underWay = false))
  }

  /** The end that is owed is tried again, unless somebody has come for whose want it was to be. */
  due(): void {
    const owed = this.#owed
    this.#owed = undefined
    if (owed && !(owed.end === 'disconnect' && this.#stored.log.attended)) this.carryOut(owed)
  }

  /** The stream is over: nothing is owed any more. */
  callOff(): void {
    this.#owed = undefined
    this.#context.scheduler.cancel(this.#deadline)
  }
}
