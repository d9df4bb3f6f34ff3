import type { Runtime } from '@sluice/core'
import { Deadline, type Due, Scheduler, type Steppable } from '@sluice/core/extend'

import type { ClaimOptions, DocumentStore, StoredDocument } from '../documents/document-store.ts'
import type { QueueWorkOptions } from './job-queue.ts'
import { LeasedJob } from './leased-job.ts'
import { requireWorkOptions } from './work-rules.ts'

const KIND = 'job'
const WAITS = 'queued'
const RUNS = 'running'
/** Something is due that may not be taken, as its owner has enough: it is looked again after this, and later and later. */
const FIRST_PAUSE_MS = 10
const MAX_PAUSE_MS = 250

/** Takes jobs as long as it has places for them. */
export class DocumentsWorker implements Steppable, Due {
  dirty = false
  readonly #documents: DocumentStore
  readonly #options: QueueWorkOptions
  readonly #scheduler: Scheduler
  /** Jobs that have a place, and how many have each id: one that was lost here may be claimed here again. */
  readonly #placed: Set<LeasedJob> = new Set()
  readonly #placedIds: Map<string, number> = new Map()
  readonly #runs: Set<Promise<void>> = new Set()
  readonly #wake: Deadline = new Deadline(this)
  readonly #check: Deadline
  readonly #unwatch: () => void
  #taking: Promise<void> | undefined
  /** Something may have come since it was last looked. */
  #isStale = false
  /** It is time to look for jobs of workers that are gone. */
  #isCheckDue = true
  #pauseMs = FIRST_PAUSE_MS
  #isStopped = false

  constructor(documents: DocumentStore, options: QueueWorkOptions, runtime: Runtime) {
    requireWorkOptions(options)
    this.#documents = documents
    this.#options = options
    this.#scheduler = new Scheduler(runtime, false)
    this.#check = new Deadline({ due: () => this.#checkIsDue() })
    this.#unwatch = documents.watch(KIND, (id) => this.#changed(id))
    this.#hurry()
  }

  /** Takes no more; settles when all that it has is over. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unwatch()
    for (const deadline of [this.#wake, this.#check]) this.#scheduler.cancel(deadline)
    await this.#taking
    await Promise.all(this.#runs)
  }

  /** Takes no more, and has lost what it has. */
  abandon(): void {
    void this.stop()
    for (const job of this.#placed) job.lose()
  }

  /** Something is due. */
  due(): void {
    this.#hurry()
  }

  step(): void {
    if (this.#isStopped) return
    this.#isStale = true
    this.#taking ??= this.#take().finally(() => (this.#taking = undefined))
  }

  /** What becomes of jobs that are here makes no room before they are released: that comes often, and is no news. */
  #changed(id: string): void {
    if (!this.#placedIds.has(id)) this.#hurry()
  }

  #hurry(): void {
    if (!this.#isStopped) this.#scheduler.mark(this)
  }

  #checkIsDue(): void {
    this.#isCheckDue = true
    this.#hurry()
  }

  get #free(): number {
    return this.#options.concurrency - this.#placed.size
  }

  async #take(): Promise<void> {
    try {
      while (this.#isStale && this.#free > 0 && !this.#isStopped) {
        this.#isStale = false
        if (this.#isCheckDue) await this.#claimLeft()
        if (this.#free > 0 && !this.#isStopped) await this.#claim([WAITS])
      }
      if (this.#free > 0) await this.#plan()
    } catch (error) {
      if (this.#isStopped) return
      this.#options.onError(error)
      this.#wakeIn(Math.min(this.#options.checkMs, 4 * MAX_PAUSE_MS))
    }
    // Whoever has said in the meantime that there is something was not heard.
    if (this.#isStale && this.#free > 0) this.#hurry()
  }

  /** Those that were running, and whose worker has not said so for a lease's time: they have waited long enough. */
  async #claimLeft(): Promise<void> {
    await this.#claim([RUNS])
    // As many as there were places: there may be more of them.
    if (this.#free === 0) return
    this.#isCheckDue = false
    this.#scheduler.schedule(this.#check, this.#scheduler.now() + this.#options.checkMs)
  }

  async #claim(from: ClaimOptions['from']): Promise<void> {
    const { leaseMs, perOwner } = this.#options
    const askedAtMs = this.#scheduler.now()
    const asked = { kind: KIND, from, to: RUNS, leaseMs, limit: this.#free, perScope: perOwner }
    const claimed = await this.#documents.claim(asked)
    for (const document of claimed) this.#begin(document, askedAtMs)
    if (claimed.length > 0) this.#pauseMs = FIRST_PAUSE_MS
  }

  #begin(document: StoredDocument, askedAtMs: number): void {
    const { leaseMs } = this.#options
    const onError = (error: unknown): void => this.#options.onError(error)
    const job = new LeasedJob(document, {
      documents: this.#documents,
      scheduler: this.#scheduler,
      leaseMs,
      leasedAtMs: askedAtMs,
      onError,
      released: () => {
        if (this.#placed.delete(job)) this.#left(document.id)
      },
    })
    this.#placed.add(job)
    this.#placedIds.set(job.id, (this.#placedIds.get(job.id) ?? 0) + 1)
    const running = this.#run(job)
      .catch(onError)
      .finally(() => {
        this.#runs.delete(running)
        job.release()
      })
    this.#runs.add(running)
  }

  /** One that throws at once rejects all the same. */
  async #run(job: LeasedJob): Promise<void> {
    await this.#options.run(job)
  }

  #left(id: string): void {
    const others = this.#placedIds.get(id)! - 1
    if (others > 0) this.#placedIds.set(id, others)
    else this.#placedIds.delete(id)
    this.#hurry()
  }

  /** There are places, and nothing that may be taken now. */
  async #plan(): Promise<void> {
    const inMs = await this.#documents.nextDueInMs(KIND, [WAITS])
    if (inMs === undefined || this.#isStopped) return
    if (inMs > 0) return this.#wakeIn(inMs)
    this.#wakeIn(this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS)
  }

  #wakeIn(ms: number): void {
    this.#scheduler.schedule(this.#wake, this.#scheduler.now() + ms)
  }
}
