import type { DisabledReason } from '../machine/health-machine.ts'
import { stateOf, type StoredEndpoint, type WebhookPayload } from '../record/endpoint-record.ts'

/** What is known of a webhook. Its secrets are shown when they are made, and never again. */
export interface WebhookInfo {
  readonly id: string
  readonly url: string
  readonly events: readonly string[]
  readonly payload: WebhookPayload
  readonly description?: string | undefined
  readonly state: 'enabled' | 'disabled'
  /** Why it is switched off, and since when. */
  readonly disabled?: { readonly reason: DisabledReason; readonly atMs: number } | undefined
  /** How many attempts have failed since the last success. */
  readonly failures: number
  readonly failingSinceMs?: number | undefined
  /** Until when its receiver is left alone. */
  readonly pausedUntilMs?: number | undefined
  /** Until when messages are signed with the secret before this one, too. */
  readonly oldSecretUntilMs?: number | undefined
  readonly createdAtMs: number
}

/** A webhook with its newest secret: shown this once. */
export interface WebhookWithSecret extends WebhookInfo {
  readonly secret: string
}

/** What may be told of a webhook to its owner. */
export function webhookInfo({ document, record }: StoredEndpoint, nowMs: number): WebhookInfo {
  const { url, events, payload, description, health, secrets } = record
  const { failures, failingSinceMs, pausedUntilMs = 0, disabled } = health
  const oldSecretUntilMs = secrets[1]?.untilMs ?? 0
  return {
    id: document.id,
    url,
    events,
    payload,
    ...(description !== undefined && { description }),
    state: stateOf(record),
    ...(disabled && { disabled }),
    failures,
    ...(failingSinceMs !== undefined && { failingSinceMs }),
    ...(pausedUntilMs > nowMs && { pausedUntilMs }),
    ...(oldSecretUntilMs > nowMs && { oldSecretUntilMs }),
    createdAtMs: document.createdAtMs,
  }
}
