import { createSystemRuntime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'

import type { DocumentStore } from '../../documents/document-store.ts'
import type { DeliveryRules } from '../machine/delivery-machine.ts'
import type { HealthRules } from '../machine/health-machine.ts'
import type { PostContext } from '../sending/post.ts'
import { knownEventTypes } from './event-types.ts'
import { type ResolvedDelivery, type ResolvedLimits, resolveWebhooksOptions, type WebhooksOptions } from './options.ts'

/** What all parts of one {@link createWebhooks} share. */
export interface WebhookContext {
  readonly documents: DocumentStore
  readonly scheduler: Scheduler
  readonly limits: ResolvedLimits
  readonly delivery: ResolvedDelivery
  readonly deliveryRules: DeliveryRules
  readonly healthRules: HealthRules
  readonly posting: PostContext
  readonly eventTypes: readonly string[]
  /** Milliseconds since 1970. */
  now(): number
  random(): number
  onError(error: unknown): void
}

/** Up to so much is added to a delay, as a part of it. */
const JITTER = 0.2
const MOST_ANSWER_BYTES = 64 * 1024
/** A probe that has said nothing for so long beyond its time is gone, with its process. */
const PROBE_SLACK_MS = 5_000

/** Checks the options and puts together what all parts need. @throws SluiceError `SLUICE_ERR_OPTION` */
export function createWebhookContext(options: WebhooksOptions): WebhookContext {
  const { eventTypes, addresses, limits, delivery } = resolveWebhooksOptions(options)
  const { documents, runtime, onError } = options
  const scheduler = new Scheduler(runtime ?? createSystemRuntime())
  const aheadMs = Date.now() - scheduler.now()
  const { scheduleMs, maxRetryAfterMs, maxAgeMs, connectMs, totalMs } = delivery
  const { breakAfter, pauseMs, maxPauseMs, disableAfterMs } = delivery
  return {
    documents,
    scheduler,
    limits,
    delivery,
    deliveryRules: { scheduleMs, jitter: JITTER, maxRetryAfterMs, maxAgeMs },
    healthRules: {
      breakAfter,
      pauseMs,
      maxPauseMs,
      disableAfterMs,
      maxRetryAfterMs,
      probeMs: totalMs + PROBE_SLACK_MS,
    },
    posting: { scheduler, rules: addresses, limits: { connectMs, totalMs, maxAnswerBytes: MOST_ANSWER_BYTES } },
    eventTypes: knownEventTypes(eventTypes),
    // Receivers compare the time of a signature with their clocks: what sets this machine's right sets it right here, too.
    now: runtime ? () => Math.round(scheduler.now() + aheadMs) : Date.now,
    random: Math.random,
    onError(error) {
      try {
        onError?.(error)
      } catch {
        // Who listens changes nothing.
      }
    },
  }
}
