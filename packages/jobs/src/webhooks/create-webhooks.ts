import type { DocumentWrite } from '../documents/document-store.ts'
import { WebhookDeliveries } from './api/deliveries.ts'
import { WebhookEndpoints } from './api/endpoints.ts'
import type { WebhooksOptions } from './context/options.ts'
import { createWebhookContext } from './context/webhook-context.ts'
import type { WebhookEvent } from './outbox/event.ts'
import { type EndedJob, jobOutboxOf } from './outbox/job-event.ts'
import { outboxOf } from './outbox/outbox.ts'
import { DeliveryWorker, type WebhookWorker } from './worker/worker.ts'

/** Webhooks, as {@link createWebhooks} makes them. */
export interface Webhooks {
  /** What owners register: where, and for which events. */
  readonly endpoints: WebhookEndpoints
  /** What was sent, what waits and what failed. */
  readonly deliveries: WebhookDeliveries
  /**
   * What to write so that an event is delivered to all webhooks of an owner that ask for it. Whoever makes the event writes it together
   * with what has happened, in one `documents.write`: then there is no end of a job without its deliveries, whatever crashes.
   * `scope` is that of `scopeOf`.
   *
   * @throws SluiceError `SLUICE_ERR_OPTION` for an event that is none
   */
  outbox(event: WebhookEvent, scope: string): Promise<DocumentWrite[]>
  /**
   * The same for ends of jobs: what `createJobs` takes as its `outbox`, over the documents of its queue. A job ends as `job.succeeded`,
   * `job.failed`, `job.cancelled` or `job.expired`.
   */
  readonly jobOutbox: (job: EndedJob) => Promise<DocumentWrite[]>
  /** Sends what is due, until it is stopped. Several processes may do so over one store. */
  work(): WebhookWorker
}

/**
 * Webhooks by the rules of Standard Webhooks 1.0.0: events are sent with POST to addresses that owners register, signed, at least once,
 * in any order. A delivery is tried for about a day; a receiver that fails is left alone more and more, and harms no other.
 *
 * Attempts go to the public internet only, and straight there: proxies of the environment are not asked.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const queue = memoryQueue()
 * const webhooks = createWebhooks({ documents: queue.documents })
 * const jobs = createJobs({ sluice, queue, sources: { answer: source }, outbox: webhooks.jobOutbox })
 * const ada = { owner: 'ada' }
 * const { secret } = await webhooks.endpoints.create({ url: 'https://example.com/hook', events: ['job.*'] }, { as: ada })
 * console.log(secret) // Shown this once.
 *
 * await jobs.submit('answer', 'What is a sluice?', { as: ada })
 * const worker = webhooks.work()
 * await worker.stop()
 * ```
 */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  const context = createWebhookContext(options)
  return {
    endpoints: new WebhookEndpoints(context),
    deliveries: new WebhookDeliveries(context),
    outbox: (event, scope) => outboxOf(context, event, scope),
    jobOutbox: (job) => jobOutboxOf(context, job),
    work: () => new DeliveryWorker(context),
  }
}
