import type { EndEvent } from '@sluice/core'
import { isSluiceError, SluiceError } from '@sluice/core'
import { WallClock } from '@sluice/core/extend'

import type { DocumentWrite } from '../documents/document-store.ts'
import { isOver, type JobCommand, type JobOutcome, stepJob } from '../job/job-machine.ts'
import { INPUT, JOB, placeOf, type ReadJob, readJob } from './job-record.ts'
import type { ResolvedJobsOptions } from './options.ts'

/** What became of a command. */
export interface Advanced {
  readonly outcome: JobOutcome
  /** The job before it, and after. */
  readonly before: ReadJob
  readonly job: ReadJob
}

/** Whom an end concerns beside the job itself. */
type Outbox = (job: ReadJob) => readonly DocumentWrite[] | Promise<readonly DocumentWrite[]>

/** Jobs as they are kept: each change is one step of the machine, written if nobody else has changed the job meanwhile. */
export class JobStore {
  readonly #options: ResolvedJobsOptions
  readonly #outbox: Outbox
  readonly #clock: WallClock

  constructor(options: ResolvedJobsOptions, outbox: Outbox) {
    this.#options = options
    this.#outbox = outbox
    this.#clock = new WallClock(options.sluice.scheduler)
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.round(this.#clock.now())
  }

  async find(id: string): Promise<ReadJob | undefined> {
    const document = await this.#options.queue.documents.read({ kind: JOB, id })
    return document && readJob(document)
  }

  /** Does what the machine says to `command`. `undefined`: there is no such job. */
  async advance(id: string, command: JobCommand): Promise<Advanced | undefined> {
    let seen = 0
    for (;;) {
      const before = await this.find(id)
      if (!before) return undefined
      // Nobody has changed the job, and yet it was not written: what its outbox brings is in the way.
      if (before.version === seen)
        throw new SluiceError('SLUICE_ERR_STORE', 'The outbox of a job names what is there already.')
      seen = before.version
      const { facts } = before
      const { state, outcome } = stepJob(before.state, command, { attempts: facts.attempts, waitMs: facts.waitMs })
      if (state === before.state) return { outcome, before, job: before }
      const end = isOver(state) && command.type === 'end' ? command.end : undefined
      const job = { ...before, state, end, version: before.version + 1 }
      const written = await this.#options.queue.documents.write([
        this.#writeOf(before, job),
        ...(isOver(state) ? [...(await this.#inputGone(job, end)), ...(await this.#outbox(job))] : []),
      ])
      if (written.is === 'ok') return { outcome, before, job }
      if (written.is === 'full')
        throw new SluiceError('SLUICE_ERR_STORE', 'A job cannot be written: its outbox is full.')
    }
  }

  #writeOf(before: ReadJob, job: ReadJob): DocumentWrite {
    const { facts, state, end } = job
    const { lease } = this.#options
    const write = {
      kind: JOB,
      id: job.id,
      after: before.version,
      value: { facts, state, ...(end && { end }) } as unknown as DocumentWrite['value'],
      place: placeOf(job),
    }
    if (isOver(state)) return { ...write, forgetInMs: facts.keepMs }
    const dueInMs = state.phase === 'running' ? lease.leaseMs : Math.max(0, (state.notBeforeMs ?? 0) - this.now())
    return { ...write, dueInMs }
  }

  /** The input of a job that may not be attempted again is needed no more; that of a failed one is kept with it. */
  async #inputGone({ id, state, facts }: ReadJob, end: EndEvent | undefined): Promise<readonly DocumentWrite[]> {
    const input = await this.#options.queue.documents.read({ kind: INPUT, id })
    if (!input) return []
    if (end?.complete || state.phase === 'cancelled') return [{ kind: INPUT, id, after: input.version }]
    const { scope } = input
    return [
      {
        kind: INPUT,
        id,
        after: input.version,
        value: input.value,
        place: { scope, state: 'kept' },
        forgetInMs: facts.keepMs,
      },
    ]
  }
}

/** @throws SluiceError `SLUICE_ERR_NOT_FOUND` for a job that is not there, or is not the caller's */
export function noSuchJob(): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_NOT_FOUND',
    'There is no such job, or it is not yours, or it is not kept any more.',
  )
}

/** The same for what the sluice says of a stranger. */
export function asNoSuchJob(error: unknown): unknown {
  return isSluiceError(error) && error.code === 'SLUICE_ERR_NOT_FOUND' ? noSuchJob() : error
}
