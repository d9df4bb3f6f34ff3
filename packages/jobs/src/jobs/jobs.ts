import { type DataEvents, type Json, SluiceError, type TokenStream } from '@sluice/core'
import { requireInteger } from '@sluice/core/extend'

import { attemptJob, close } from './attempt.ts'
import { DrainRate } from './drain-rate.ts'
import { infoOfJob } from './info-of-job.ts'
import type { JobInfo } from './job-info.ts'
import { INPUT, JOB, type ReadJob } from './job-record.ts'
import { JobStore, noSuchJob } from './job-store.ts'
import { type JobInfoOptions, type JobListOptions, JobReads, type JobRefOptions } from './job-reads.ts'
import { type JobsOptions, resolveJobsOptions, type ResolvedJobsOptions } from './options.ts'
import { type SubmitOptions, submitJob } from './submit.ts'

/** Options of `work`. */
export interface JobWorkOptions {
  /** How many jobs at a time. Default 4. */
  concurrency?: number | undefined
}

/** A worker of jobs. */
export interface JobWorker {
  /** Takes no more jobs, and settles when those it has are over. To end them sooner, drain the sluice: they wait again then. Idempotent. */
  stop(): Promise<void>
}

/** Jobs: submitted by whoever wants something done, attempted by workers, looked at, read and cancelled by anyone who may. */
export class Jobs {
  readonly #options: ResolvedJobsOptions
  readonly #store: JobStore
  readonly #reads: JobReads
  readonly #rate: DrainRate
  readonly #workers: Set<JobWorker> = new Set()

  constructor(options: JobsOptions) {
    this.#options = resolveJobsOptions(options)
    const { sluice, queue, outbox } = this.#options
    this.#store = new JobStore(this.#options, async (job) => {
      if (!outbox) return []
      const { tenant, owner } = job.facts
      return outbox({ ...(await infoOfJob(sluice, job)), tenant, owner })
    })
    this.#reads = new JobReads(this.#options, this.#store)
    this.#rate = new DrainRate(queue.documents, () => this.#store.now())
  }

  /** Names of the sources that can be submitted. */
  get sources(): readonly string[] {
    return [...this.#options.sources.keys()]
  }

  /**
   * Writes a job down; a worker will attempt it. Settles when it is stored.
   *
   * @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_REQUEST` for an unknown source, `SLUICE_ERR_TOO_LARGE`, `SLUICE_ERR_QUEUE_FULL`
   * (429 or 503, with `retryAfterMs`), `SLUICE_ERR_IDEMPOTENCY_MISMATCH`, `SLUICE_ERR_STORE`
   */
  async submit(source: string, input: Json | undefined, options: SubmitOptions): Promise<JobInfo> {
    const parts = { options: this.#options, store: this.#store, rate: this.#rate }
    const { job, isNew } = await submitJob(parts, source, input, options)
    if (isNew) await this.#offer(job, options.delayMs)
    return infoOfJob(this.#options.sluice, job)
  }

  /**
   * What is known of a job; with `waitMs`, once its version is another one, or the time is over. Whoever waits is no reader.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_OPTION`
   */
  info(id: string, options: JobInfoOptions): Promise<JobInfo> {
    return this.#reads.info(id, options)
  }

  /** Jobs of the caller, newest first. `'server'` sees its own. */
  list(options: JobListOptions): Promise<{ jobs: JobInfo[]; more: boolean }> {
    return this.#reads.list(options)
  }

  /**
   * Joins the stream of the attempt that runs, or of the last one, from its beginning; where none has begun yet, as soon as one does.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE`, `SLUICE_ERR_OVERLOADED` where none has begun in time
   */
  async attach<Data extends DataEvents = DataEvents>(
    id: string,
    options: Omit<JobInfoOptions, 'after'>,
  ): Promise<TokenStream<Data>> {
    return (await this.#reads.attach(id, options)) as TokenStream<Data>
  }

  /**
   * Ends a job: one that waits is never attempted, the attempt that runs is told to stop, wherever it runs. Idempotent, also after the end.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`
   */
  async cancel(id: string, { as }: JobRefOptions): Promise<JobInfo> {
    await this.#reads.find(id, as, 'cancel')
    const cancelled = await this.#store.advance(id, { type: 'cancel', nowMs: this.#store.now() })
    if (!cancelled) throw noSuchJob()
    const { before, job } = cancelled
    const { stream, attempt } = before.state
    if (cancelled.outcome === 'ok') {
      if (stream !== undefined) await close(this.#options, job, stream, true)
      else await this.#options.queue.withdraw(id, attempt)
    }
    return infoOfJob(this.#options.sluice, job)
  }

  /**
   * Has a job that failed or expired attempted anew, with all of its attempts.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_ALREADY_ENDED` for one that succeeded or was cancelled
   */
  async retry(id: string, { as }: JobRefOptions): Promise<JobInfo> {
    await this.#reads.find(id, as, 'send')
    const again = await this.#store.advance(id, { type: 'retry', nowMs: this.#store.now() })
    if (!again) throw noSuchJob()
    if (again.outcome === 'closed')
      throw new SluiceError(
        'SLUICE_ERR_ALREADY_ENDED',
        `The job is ${again.job.state.phase}; only one that failed or expired is tried again.`,
      )
    if (again.outcome === 'ok') await this.#offer(again.job)
    return infoOfJob(this.#options.sluice, again.job)
  }

  /** Cancels and forgets a job, and its last stream. @throws SluiceError `SLUICE_ERR_NOT_FOUND` */
  async erase(id: string, { as }: JobRefOptions): Promise<JobInfo> {
    await this.#reads.find(id, as, 'erase')
    const info = await this.cancel(id, { as: 'server' })
    const { documents } = this.#options.queue
    for (const kind of [JOB, INPUT]) {
      const kept = await documents.read({ kind, id })
      if (kept) await documents.write([{ kind, id, after: kept.version }])
    }
    const { stream } = info
    // The stream may be gone before its job.
    if (stream !== undefined)
      await this.#options.sluice
        .erase({ id: stream, ...(as !== 'server' && { tenant: as.tenant }) }, { as: 'server' })
        .catch(() => {})
    return info
  }

  /** How many jobs wait and run, of all owners. */
  async counts(): Promise<{ queued: number; running: number; failed: number }> {
    const { documents } = this.#options.queue
    const [queued, running, failed] = await Promise.all(
      ['queued', 'running', 'failed'].map(async (state) => documents.count(JOB, { state })),
    )
    return { queued: queued!, running: running!, failed: failed! }
  }

  /** Begins to attempt jobs in this process. */
  work({ concurrency = 4 }: JobWorkOptions = {}): JobWorker {
    requireInteger('concurrency', concurrency, 1, 10_000)
    const { queue, lease, limits, onError } = this.#options
    const parts = {
      options: this.#options,
      store: this.#store,
      offer: (job: ReadJob) => this.#offer(job),
      done: () => this.#rate.done(),
    }
    const inner = queue.work({
      concurrency,
      perOwner: limits.runningPerOwner,
      ...lease,
      run: (claimed) =>
        attemptJob(parts, claimed)
          .catch(onError)
          .finally(() => claimed.release()),
      onError,
    })
    const worker = {
      stop: async (): Promise<void> => {
        await inner.stop()
        this.#workers.delete(worker)
      },
    }
    this.#workers.add(worker)
    return worker
  }

  /** Stops all workers of this process, then the queue. */
  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.stop()))
    this.#reads.close()
    await this.#options.queue.close()
  }

  async #offer({ id, state, facts }: ReadJob, delayMs?: number): Promise<void> {
    const inMs = delayMs ?? Math.max(0, (state.notBeforeMs ?? 0) - this.#store.now())
    await this.#options.queue.offer({ id, attempt: state.attempt, delayMs: inMs, priority: facts.priority })
  }
}

/**
 * Jobs over a sluice and a queue. Each attempt is a stream of its own: whoever comes later reads it on any wire.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const jobs = createJobs({ sluice, queue: memoryQueue(), sources: { report: source } })
 * jobs.work({ concurrency: 4 })
 * const job = await jobs.submit('report', { topic: 'locks' }, { as: { owner: 'ada' } })
 * console.log(await (await jobs.attach(job.id, { as: { owner: 'ada' } })).text())
 * ```
 */
export function createJobs(options: JobsOptions): Jobs {
  return new Jobs(options)
}
