import { createSystemRuntime } from '@sluice/core'
import { Scheduler, withinTime } from '@sluice/core/extend'
import type { Queue } from 'bullmq'
import type { Cluster, Redis } from 'ioredis'

import type { DocumentStore } from '../documents/document-store.ts'
import type { JobQueue, OfferedJob, QueueWorker, QueueWorkOptions } from '../queue/job-queue.ts'
import { bullIdOf, bullPriorityOf, openBull } from './bull.ts'
import { BullWorker, type OffersHere } from './bull-worker.ts'
import { connect, end } from './connect.ts'
import { Operator } from './operator.ts'
import { RedisDocuments } from './redis-documents.ts'
import { type RedisJobsOptions, type ResolvedRedisJobsOptions, resolveRedisJobsOptions } from './redis-jobs-options.ts'
import { storeError } from './store-error.ts'

/**
 * A queue for many processes: BullMQ brings jobs to workers, documents in the same Redis say whose each of them is, as with every other
 * queue. What BullMQ loses is found by the workers themselves, within `checkMs` of the time when it is due.
 *
 * A queue has three connections, and each of its workers one more. Redis 7.0 or newer, or Valkey; a Cluster too.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const queue = bullmqQueue({ url: 'redis://127.0.0.1:6379' })
 * console.log(await queue.documents.count('job', { state: 'queued' }))
 * await queue.close()
 * ```
 */
export function bullmqQueue(options: RedisJobsOptions): JobQueue {
  return new BullmqQueue(resolveRedisJobsOptions(options))
}

class BullmqQueue implements JobQueue {
  readonly name = 'bullmq'
  readonly documents: DocumentStore
  readonly #options: ResolvedRedisJobsOptions
  readonly #scheduler: Scheduler = new Scheduler(createSystemRuntime())
  readonly #operator: Operator
  readonly #client: Redis | Cluster
  readonly #bull: Queue
  readonly #offers: OffersHere = new Map()
  readonly #workers: Set<BullWorker> = new Set()
  #closed: Promise<void> | undefined

  constructor(options: ResolvedRedisJobsOptions) {
    this.#options = options
    this.#operator = new Operator(this.#scheduler, options.onWarning)
    this.documents = new RedisDocuments(options)
    // Why there is no connection, its documents say already.
    this.#client = connect(options, 'bull', ignore)
    this.#bull = openBull({ client: this.#client, prefix: options.prefix })
    this.#bull.on('error', ignore)
  }

  async offer({ id, attempt, delayMs, priority }: OfferedJob): Promise<void> {
    const jobId = bullIdOf(id, attempt)
    const here = this.#offers.get(jobId)
    // BullMQ takes it for the one that is done at this moment, and would forget it with that.
    if (here) return void (here.againInMs = delayMs)
    // BullMQ keeps what it is told with each job; that nothing is kept of those that are done, its workers know.
    const later = delayMs > 0 ? { delay: Math.ceil(delayMs) } : {}
    await this.#ask(() => this.#bull.add('job', null, { jobId, priority: bullPriorityOf(priority), ...later }))
  }

  async withdraw(id: string, attempt: number): Promise<void> {
    await this.#ask(() => this.#bull.remove(bullIdOf(id, attempt)))
  }

  work(options: QueueWorkOptions): QueueWorker {
    if (this.#closed) throw storeError('this queue is closed')
    const { prefix, commandMs } = this.#options
    const parts = {
      client: this.#client,
      prefix,
      commandMs,
      documents: this.documents,
      scheduler: this.#scheduler,
      operator: this.#operator,
      offers: this.#offers,
    }
    const worker = new BullWorker(parts, options)
    this.#workers.add(worker)
    return { stop: () => worker.stop().finally(() => this.#workers.delete(worker)) }
  }

  /** Whoever still has jobs has lost them. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const worker of this.#workers) worker.abandon()
    this.#bull.close().catch(ignore)
    end(this.#client)
    await this.documents.close()
  }

  /** Tells BullMQ, if that is possible now: what it is not told is found later. */
  async #ask(tell: () => Promise<unknown>): Promise<void> {
    const { commandMs } = this.#options
    const tooLate = (): Error => new Error(`no answer in ${commandMs} ms`)
    try {
      await withinTime(this.#scheduler, this.#tellNow(tell), { ms: commandMs, tooLate })
    } catch (error) {
      if (this.#closed) return
      const { message } = error as Error
      this.#operator.tell(`BullMQ was not told of a job (${message}): it comes to a worker some seconds later.`)
    }
  }

  async #tellNow(tell: () => Promise<unknown>): Promise<void> {
    await this.#bull.waitUntilReady()
    // ioredis would keep what it is told for the next connection, however much there is.
    if (this.#closed || this.#client.status !== 'ready') throw new Error('there is no connection')
    await tell()
  }
}

function ignore(): void {}
