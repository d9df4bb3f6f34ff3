import { Deadline, type Due, type Scheduler, withinTime } from '@sluice/core/extend'
import type { Job, Worker } from 'bullmq'

import type { ClaimOptions, DocumentStore, StoredDocument } from '../documents/document-store.ts'
import type { QueueWorker, QueueWorkOptions } from '../queue/job-queue.ts'
import { LeasedJob } from '../queue/leased-job.ts'
import { requireWorkOptions } from '../queue/work-rules.ts'
import { type BullParts, idOfBull, isOfLock, openWorker, putOff } from './bull.ts'
import type { Operator } from './operator.ts'
import { Places } from './places.ts'

const KIND = 'job'
const WAITS = 'queued'
const RUNS = 'running'
/** How long an offer waits at a busy worker, and how soon it comes back then. */
const BUSY_MS = 250
/** How soon one comes back whose owner has no room: twice as late each time. */
const HELD_BACK_MS = 500
const MAX_HELD_BACK_MS = 30_000

/** Offers that are at a worker here, by what BullMQ calls them: one that is made again comes back when it is over. */
export type OffersHere = Map<string, { againInMs: number | undefined }>

/** What a worker is made of. */
export interface BullWorkerParts extends BullParts {
  readonly documents: DocumentStore
  readonly scheduler: Scheduler
  readonly operator: Operator
  readonly offers: OffersHere
  readonly commandMs: number
}

/**
 * Takes jobs that BullMQ brings, and looks now and then for such as it does not bring: documents that are due. Either way a job is done
 * only with the lease of its document, so that it does not matter what BullMQ forgets, or brings twice.
 */
export class BullWorker implements QueueWorker, Due {
  readonly #parts: BullWorkerParts
  readonly #options: QueueWorkOptions
  readonly #worker: Worker
  readonly #sweep: Deadline = new Deadline(this)
  readonly #jobs: Set<LeasedJob> = new Set()
  /** By what BullMQ calls their offers. */
  readonly #brought: Map<string, LeasedJob> = new Map()
  readonly #runs: Set<Promise<void>> = new Set()
  readonly #places: Places
  #looking: Promise<void> | undefined
  /** An owner had no room: when a job is over, there may be some. */
  #isHeldBack = false
  #stopped: Promise<void> | undefined

  constructor(parts: BullWorkerParts, options: QueueWorkOptions) {
    requireWorkOptions(options)
    this.#parts = parts
    this.#options = options
    this.#places = new Places(parts.scheduler, options.concurrency)
    this.#worker = openWorker(parts, options, (offer, token) => this.#bring(offer, token))
    this.#worker.on('error', (error) => {
      if (!this.#stopped && !isOfLock(error)) parts.operator.tell(`BullMQ reports: ${error.message}`)
    })
    // Whose a job is its document says: BullMQ's lock may be gone because its keys are.
    this.#worker.on('lockRenewalFailed', (offers) => offers.forEach((bullId) => this.#brought.get(bullId)?.due()))
    this.#plan(this.#untilSweepMs)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Takes no more, and has lost what it has. */
  abandon(): void {
    void this.stop()
    for (const job of this.#jobs) job.lose()
  }

  /** It is time to look for jobs that nobody brings. */
  due(): void {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
      this.#plan(this.#untilSweepMs)
    })
  }

  get #untilSweepMs(): number {
    return this.#options.checkMs * (0.5 + Math.random() / 2)
  }

  async #bring(offer: Job, token: string): Promise<void> {
    const bullId = offer.id!
    const id = idOfBull(bullId)
    // Where a job that was found has the place, it is waited for: what is put off is overtaken by what came later.
    if (!(await this.#places.takeWithin(BUSY_MS))) return putOff(offer, token, BUSY_MS)
    if (this.#stopped) {
      this.#places.leave(1)
      return putOff(offer, token, BUSY_MS)
    }
    const askedMs = this.#parts.scheduler.now()
    let document: StoredDocument | undefined
    try {
      ;[document] = await this.#claim({ limit: 1, id })
      if (!document && !(await this.#waits(id))) return
    } catch (error) {
      this.#options.onError(error)
    }
    if (!document) {
      this.#isHeldBack = true
      return putOff(offer, token, Math.min(HELD_BACK_MS * 2 ** Math.min(offer.attemptsStarted, 10), MAX_HELD_BACK_MS))
    }
    const here = { againInMs: undefined as number | undefined }
    this.#parts.offers.set(bullId, here)
    try {
      await this.#run(document, askedMs, bullId)
    } finally {
      this.#parts.offers.delete(bullId)
    }
    if (here.againInMs !== undefined) return putOff(offer, token, here.againInMs, 0)
  }

  /** Whether it is to be brought later. Where it runs, its worker has it; should that be lost, the document will be due. */
  async #waits(id: string): Promise<boolean> {
    return (await this.#parts.documents.read({ kind: KIND, id }))?.state === WAITS
  }

  async #look(): Promise<void> {
    if (this.#stopped) return
    const limit = this.#places.takeAll()
    if (limit === 0) return
    this.#isHeldBack = false
    const askedMs = this.#parts.scheduler.now()
    try {
      for (const document of await this.#claim({ limit })) void this.#run(document, askedMs)
    } catch (error) {
      if (!this.#stopped) this.#options.onError(error)
    }
  }

  /** Leaves the places that it gets nothing for: as many as it asks for are taken. */
  async #claim(which: Pick<ClaimOptions, 'limit' | 'id'>): Promise<readonly StoredDocument[]> {
    const { leaseMs, perOwner } = this.#options
    let got = 0
    try {
      const options = { kind: KIND, from: [WAITS, RUNS], to: RUNS, leaseMs, perScope: perOwner, ...which }
      const claimed = await this.#parts.documents.claim(options)
      got = claimed.length
      return claimed
    } finally {
      this.#places.leave(which.limit - got)
    }
  }

  /** Settles when nothing more is done for the job here. */
  #run(document: StoredDocument, leasedAtMs: number, bullId?: string): Promise<void> {
    const { documents, scheduler } = this.#parts
    const { leaseMs } = this.#options
    const { promise, resolve } = Promise.withResolvers<void>()
    const onError = (error: unknown): void => this.#options.onError(error)
    const released = (): void => {
      this.#jobs.delete(job)
      if (bullId !== undefined) this.#brought.delete(bullId)
      this.#places.leave(1)
      // What an owner has room for now, no offer brings so soon.
      if (this.#isHeldBack) this.#plan(0)
      resolve()
    }
    const job = new LeasedJob(document, { documents, scheduler, leaseMs, leasedAtMs, onError, released })
    this.#jobs.add(job)
    if (bullId !== undefined) this.#brought.set(bullId, job)
    const run = this.#options
      .run(job)
      .catch(onError)
      .finally(() => {
        this.#runs.delete(run)
        job.release()
      })
    this.#runs.add(run)
    return promise
  }

  #plan(inMs: number): void {
    const { scheduler } = this.#parts
    if (!this.#stopped) scheduler.schedule(this.#sweep, scheduler.now() + inMs)
  }

  async #stop(): Promise<void> {
    const { scheduler, commandMs } = this.#parts
    scheduler.cancel(this.#sweep)
    const closed = this.#worker.close().catch(ignore)
    await this.#over()
    // BullMQ waits for Redis as long as it is away.
    const tooLate = (): Error => new Error('BullMQ did not close')
    await withinTime(scheduler, closed, { ms: commandMs, tooLate }).catch(() => {
      const { blockingConnection } = this.#worker.getBackend()
      blockingConnection?.disconnect(false).catch(ignore)
    })
    // What was on its way to this worker has come by now.
    await this.#over()
  }

  async #over(): Promise<void> {
    await this.#looking
    while (this.#runs.size > 0) await Promise.all(this.#runs)
  }
}

function ignore(): void {}
