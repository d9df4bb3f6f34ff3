import type { Json } from '@sluice/core'

import type { DocumentWrite } from '../../documents/document-store.ts'
import { scopeOf } from '../../documents/scope.ts'
import { actorOf } from '../../jobs/job-record.ts'
import type { JobsOptions } from '../../jobs/options.ts'
import type { WebhookContext } from '../context/webhook-context.ts'
import type { WebhookEvent } from './event.ts'
import { outboxOf } from './outbox.ts'

/** A job whose end is told, with whose it is. */
export type EndedJob = Parameters<NonNullable<JobsOptions['outbox']>>[0]

/** What is to be written so that the end of a job is delivered to the webhooks of its owner that ask for it. */
export function jobOutboxOf(context: WebhookContext, job: EndedJob): Promise<DocumentWrite[]> {
  return outboxOf(context, jobEvent(job), scopeOf(actorOf(job)))
}

/**
 * The event of a job's end: `job.` and its state. The sequence is the job's version, which goes on rising when it is tried again. Whose it
 * is, the receiver knows; how to read on is no matter once it is over.
 */
export function jobEvent(job: EndedJob): WebhookEvent {
  const { id, state, source, attempt, stream, version, endedAtMs, meta, end, error, steps, createdAtMs, startedAtMs } =
    job
  return {
    type: `job.${state}`,
    about: id,
    sequence: version,
    ...(endedAtMs !== undefined && { atMs: endedAtMs }),
    data: { state, source, attempt, ...(stream !== undefined && { stream }) },
    full: {
      meta,
      createdAtMs,
      ...(startedAtMs !== undefined && { startedAtMs }),
      ...(endedAtMs !== undefined && { endedAtMs }),
      ...(end && { end: end as unknown as Json }),
      ...(error && { error: error as unknown as Json }),
      ...(steps && { steps: steps as unknown as Json }),
    },
  }
}
