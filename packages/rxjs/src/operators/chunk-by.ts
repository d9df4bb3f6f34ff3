import type { Chunker, ChunkingPolicy, StreamEvent } from '@sluice/core'
import { chunkerOf } from '@sluice/core'
import { invalidOption } from '@sluice/core/extend'
import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs'

import { ChunkView } from './chunk-view.ts'

/** However patient a policy is, no more events wait than this. */
const MAX_PENDING = 4096

/**
 * Groups events as a chunking policy of the server does: small chunks early, larger ones later, none later than its bound.
 * An event counts as one token.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` for a policy with a pace: an observable that waits holds nobody back
 * @example
 * ```ts
 * toObservable(stream).pipe(chunkBy(adaptive())).subscribe((events) => log(events.length))
 * ```
 */
export function chunkBy(
  policy: ChunkingPolicy,
  scheduler: SchedulerLike = asyncScheduler,
): (events: Observable<StreamEvent>) => Observable<readonly StreamEvent[]> {
  if (policy.pace !== undefined) throw invalidOption('policy', policy.name, 'a policy without a pace')
  return (events) =>
    new Observable((subscriber) => {
      const chunks = new Chunks(policy, scheduler, subscriber)
      subscriber.add(() => chunks.stop())
      return events.subscribe({
        next: (event) => chunks.push(event),
        error: (error: unknown) => chunks.end(() => subscriber.error(error)),
        complete: () => chunks.end(() => subscriber.complete()),
      })
    })
}

class Chunks {
  readonly #policy: ChunkingPolicy
  readonly #scheduler: SchedulerLike
  readonly #subscriber: Subscriber<readonly StreamEvent[]>
  readonly #view: ChunkView
  readonly #chunker: Chunker
  #timer: Subscription | undefined

  constructor(policy: ChunkingPolicy, scheduler: SchedulerLike, subscriber: Subscriber<readonly StreamEvent[]>) {
    this.#policy = policy
    this.#scheduler = scheduler
    this.#subscriber = subscriber
    this.#view = new ChunkView(scheduler)
    this.#chunker = chunkerOf(policy, { wishes: {}, resumed: false, backlogEvents: 0 })
  }

  push(event: StreamEvent): void {
    this.#guarded(() => {
      this.#view.push(event)
      if (this.#view.pending >= MAX_PENDING) this.#flush()
      else this.#flow()
    })
  }

  /** Everything leaves, and then `after` is what becomes of the subscriber. */
  end(after: () => void): void {
    this.#guarded(() => {
      this.#view.ended = true
      this.#flush()
    })
    after()
  }

  stop(): void {
    this.#timer?.unsubscribe()
    this.#timer = undefined
  }

  #flow(): void {
    const view = this.#view
    while (view.pending > 0 && !this.#subscriber.closed) {
      const wanted = this.#chunker.take(view)
      if (typeof wanted !== 'number' || Number.isNaN(wanted)) {
        throw new TypeError(`The chunking policy "${this.#policy.name}" answered ${String(wanted)} for take.`)
      }
      if (wanted <= 0) break
      this.#emit(Math.ceil(wanted))
    }
    this.stop()
    if (view.pending > 0)
      this.#timer = this.#scheduler.schedule(() => this.#guarded(() => this.#flush()), this.#waitMs())
  }

  /** How long the oldest event may still wait. */
  #waitMs(): number {
    const { boundMs = this.#policy.maxDelayMs } = this.#chunker
    const bound = typeof boundMs === 'function' ? boundMs(this.#view) : boundMs
    return Math.max(0, bound - this.#view.oldestMs)
  }

  #flush(): void {
    this.stop()
    while (this.#view.pending > 0 && !this.#subscriber.closed) this.#emit(this.#view.pending)
  }

  #emit(count: number): void {
    this.#subscriber.next(this.#view.take(Math.min(count, Math.floor(this.#chunker.maxTokens ?? Infinity))))
  }

  /** What a policy throws is the subscriber's, and ends it. */
  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#subscriber.error(error)
    }
  }
}
