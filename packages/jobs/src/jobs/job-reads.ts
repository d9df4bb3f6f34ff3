import type { Action, Actor, TokenStream } from '@sluice/core'
import { SluiceError } from '@sluice/core'
import { requireActor, requireInteger } from '@sluice/core/extend'

import { scopeOf } from '../documents/scope.ts'
import { isOver, type JobPhase } from '../job/job-machine.ts'
import { infoOfJob } from './info-of-job.ts'
import type { JobInfo } from './job-info.ts'
import { JOB, type ReadJob, readJob } from './job-record.ts'
import { asNoSuchJob, type JobStore, noSuchJob } from './job-store.ts'
import { JobWaits } from './job-waits.ts'
import type { ResolvedJobsOptions } from './options.ts'

const MAX_WAIT_MS = 3_600_000
const MAX_LIST = 100
const JOB_ID = /^[\w-]{1,128}$/

/** Who asks for a job. */
export interface JobRefOptions {
  /** Who asks. Required. */
  as: Actor
}

/** Options of `info`. */
export interface JobInfoOptions extends JobRefOptions {
  /** Wait up to so many milliseconds for another version than `after`, or for the end. Default 0. */
  waitMs?: number | undefined
  /** The version that the caller has. Default: the one there is when it asks. */
  after?: number | undefined
  /** Ends the wait, not the call. */
  signal?: AbortSignal | undefined
}

/** Options of `list`. */
export interface JobListOptions extends JobRefOptions {
  state?: JobPhase | undefined
  /** The last id of the page before. */
  after?: string | undefined
  /** At most 100. Default 20. */
  limit?: number | undefined
}

/** Looks at jobs and their streams, for those who may. */
export class JobReads {
  readonly #options: ResolvedJobsOptions
  readonly #store: JobStore
  readonly #waits: JobWaits

  constructor(options: ResolvedJobsOptions, store: JobStore) {
    this.#options = options
    this.#store = store
    const { sluice, queue } = options
    this.#waits = new JobWaits(queue.documents, (delayMs, task) => sluice.after(delayMs, task))
  }

  async info(id: string, { as, waitMs = 0, after, signal }: JobInfoOptions): Promise<JobInfo> {
    requireInteger('waitMs', waitMs, 0, MAX_WAIT_MS)
    const first = await this.find(id, as, 'info')
    const known = after ?? first.version
    const changed = async (): Promise<ReadJob | undefined> => {
      const job = await this.find(id, as, 'info')
      return job.version !== known || isOver(job.state) ? job : undefined
    }
    const isNews = isOver(first.state) || first.version !== known
    const later = isNews ? first : await this.#waits.until(id, changed, { waitMs, signal })
    return infoOfJob(this.#options.sluice, later ?? first)
  }

  async list({ as, state, after, limit = 20 }: JobListOptions): Promise<{ jobs: JobInfo[]; more: boolean }> {
    const scope = scopeOf(requireActor(as))
    requireInteger('limit', limit, 1, MAX_LIST)
    const { documents, more } = await this.#options.queue.documents.list({ kind: JOB, scope, state, after, limit })
    return {
      jobs: await Promise.all(documents.map((document) => infoOfJob(this.#options.sluice, readJob(document)))),
      more,
    }
  }

  async attach(id: string, { as, waitMs = 30_000, signal }: Omit<JobInfoOptions, 'after'>): Promise<TokenStream> {
    requireInteger('waitMs', waitMs, 0, MAX_WAIT_MS)
    const { facts } = await this.find(id, as, 'attach')
    const begun = async (): Promise<ReadJob | undefined> => {
      const job = await this.find(id, as, 'attach')
      return job.state.stream !== undefined || isOver(job.state) ? job : undefined
    }
    const job = await this.#waits.until(id, begun, { waitMs, signal })
    if (job?.state.stream !== undefined) {
      return this.#options.sluice.attach({ id: job.state.stream, tenant: facts.tenant }, { as })
    }
    if (job) throw new SluiceError('SLUICE_ERR_GONE', `The job is ${job.state.phase}; no attempt was made.`)
    throw new SluiceError('SLUICE_ERR_OVERLOADED', 'The job still waits for a worker; try again later.', {
      retryAfterMs: 1_000,
    })
  }

  close(): void {
    this.#waits.close()
  }

  /** The job, for who may do that. @throws SluiceError `SLUICE_ERR_NOT_FOUND` */
  async find(id: string, as: Actor, action: Action): Promise<ReadJob> {
    const actor = requireActor(as)
    const found = JOB_ID.test(id) ? await this.#store.find(id) : undefined
    if (!found) throw noSuchJob()
    const { tenant, owner } = found.facts
    // Who is of another tenant never reaches `authorize`, as with streams.
    if (actor !== 'server' && (actor.tenant ?? '') !== tenant) throw noSuchJob()
    try {
      await this.#options.sluice.permit(actor, { id, tenant, owner, key: undefined }, action)
    } catch (error) {
      throw asNoSuchJob(error)
    }
    return this.#expired(found)
  }

  /** Nobody may have looked at it since its time was over. */
  async #expired(job: ReadJob): Promise<ReadJob> {
    if (job.state.phase !== 'queued' || job.state.attempt > 0) return job
    const nowMs = this.#store.now()
    if (nowMs < job.state.createdAtMs + job.facts.waitMs) return job
    return (await this.#store.advance(job.id, { type: 'expire', nowMs }))?.job ?? job
  }
}
