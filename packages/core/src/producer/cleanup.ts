import { Deadline, type Due } from '../clock/deadlines.ts'
import { isOver } from '../log/end.ts'
import type { ProducerContext } from './producer-context.ts'
import { settleHere } from './settle-hook.ts'
import type { StoredStream } from '../store/store.ts'

/** How long the source's own code may take to come to rest once nobody wants it any more. */
const SOURCE_REST_MS = 5_000

/** What is left of a producer when its stream is over: its source comes to rest, in time or not; its result is settled. */
export class Cleanup implements Due {
  readonly #context: ProducerContext
  readonly #stored: StoredStream
  readonly #deadline: Deadline = new Deadline(this)
  #sourceStopped = false
  #settlement: Promise<void> | undefined
  #tellSettled: ((settlement: Promise<void> | undefined) => void) | undefined

  constructor(context: ProducerContext, stored: StoredStream) {
    this.#context = context
    this.#stored = stored
  }

  /** Settles when the source has come to rest and the result is settled. Never rejects. */
  settled(): Promise<void> {
    return new Promise((resolve) => (this.#tellSettled = resolve))
  }

  /** All of the source's own code has come to rest. */
  sourceStopped(): void {
    this.#sourceStopped = true
    if (isOver(this.#stored.log)) this.#leave()
  }

  /** The stream is over. One that was lost is settled by whoever has it now. */
  begin({ settles }: { settles: boolean }): void {
    const { scheduler, settle } = this.#context
    if (!this.#sourceStopped) scheduler.schedule(this.#deadline, scheduler.now() + SOURCE_REST_MS)
    if (settles && settle) this.#settlement = settleHere(this.#context, this.#stored)
    if (this.#sourceStopped) this.#leave()
  }

  /** The source has had time enough. */
  due(): void {
    this.#context.observers.notify('sourceLeaked', this.#stored.facts)
  }

  #leave(): void {
    this.#context.scheduler.cancel(this.#deadline)
    this.#context.producers.delete(this.#stored.facts.id)
    this.#tellSettled?.(this.#settlement)
  }
}
