import type { DeliveryInfo } from '../webhooks/api/delivery-info.ts'
import type { WebhookInfo, WebhookWithSecret } from '../webhooks/api/webhook-info.ts'
import { seconds } from './job-view.ts'

/** A webhook as clients see it. Times are in seconds since 1970. */
export interface WebhookView {
  id: string
  object: 'webhook'
  url: string
  events: readonly string[]
  payload: WebhookInfo['payload']
  description: string | null
  status: 'enabled' | 'disabled'
  /** Why it is switched off. */
  disabled_reason: string | null
  /** Attempts that have failed since the last success. */
  failures: number
  created_at: number
  /** Until when messages carry the signature of the secret before, too. */
  old_secret_until?: number | undefined
  /** Shown when it is made, and never again. */
  secret?: string | undefined
}

/** A delivery as clients see it. */
export interface DeliveryView {
  id: string
  object: 'webhook.delivery'
  webhook: string
  event: DeliveryInfo['event']
  status: DeliveryInfo['state']
  attempt: number
  attempts: number
  created_at: number
  next_at: number | null
  ended_at: number | null
  last: { at: number; duration_ms: number; status?: number | undefined; error?: string | undefined } | null
  error?: { code: string; message: string } | undefined
}

export function webhookView(webhook: WebhookInfo | WebhookWithSecret): WebhookView {
  const { id, url, events, payload, description, state, disabled, failures, createdAtMs, oldSecretUntilMs } = webhook
  return {
    id,
    object: 'webhook',
    url,
    events,
    payload,
    description: description ?? null,
    status: state,
    disabled_reason: disabled?.reason ?? null,
    failures,
    created_at: seconds(createdAtMs),
    ...(oldSecretUntilMs !== undefined && { old_secret_until: seconds(oldSecretUntilMs) }),
    ...('secret' in webhook && { secret: webhook.secret }),
  }
}

export function deliveryView(delivery: DeliveryInfo): DeliveryView {
  const { id, webhook, event, state, attempt, attempts, createdAtMs, nextAtMs, endedAtMs, last, error } = delivery
  return {
    id,
    object: 'webhook.delivery',
    webhook,
    event,
    status: state,
    attempt,
    attempts,
    created_at: seconds(createdAtMs),
    next_at: nextAtMs === undefined ? null : seconds(nextAtMs),
    ended_at: endedAtMs === undefined ? null : seconds(endedAtMs),
    last: last
      ? { at: seconds(last.atMs), duration_ms: Math.round(last.durationMs), status: last.status, error: last.error }
      : null,
    ...(error && { error: { code: error.code, message: error.message } }),
  }
}
