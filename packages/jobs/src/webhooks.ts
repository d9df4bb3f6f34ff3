export { createWebhooks, type Webhooks } from './webhooks/create-webhooks.ts'
export {
  DEFAULT_WEBHOOK_DELIVERY,
  DEFAULT_WEBHOOK_LIMITS,
  type ResolvedDelivery,
  type ResolvedLimits,
  type WebhookDeliveryOptions,
  type WebhookLimits,
  type WebhooksOptions,
} from './webhooks/context/options.ts'
export { WEBHOOK_EVENTS } from './webhooks/context/event-types.ts'
export type { HostAddress, ResolveHost, WebhookAddressOptions } from './webhooks/address/address-options.ts'
export type { AskedBy, Page } from './webhooks/api/asked-by.ts'
export type { DeliveryInfo, ListedDeliveryState } from './webhooks/api/delivery-info.ts'
export type { ListDeliveries, WebhookDeliveries } from './webhooks/api/deliveries.ts'
export type { WebhookChanges, WebhookOptions } from './webhooks/api/endpoint-options.ts'
export type { WebhookEndpoints } from './webhooks/api/endpoints.ts'
export type { WebhookInfo, WebhookWithSecret } from './webhooks/api/webhook-info.ts'
export type { DeliveryFailure, DeliveryTry } from './webhooks/machine/delivery-machine.ts'
export type { DisabledReason } from './webhooks/machine/health-machine.ts'
export type { WebhookEvent } from './webhooks/outbox/event.ts'
export type { EndedJob } from './webhooks/outbox/job-event.ts'
export type { WebhookPayload } from './webhooks/record/endpoint-record.ts'
export { createWebhookSecret } from './webhooks/signature/secret.ts'
export { type ReceivedWebhook, verifyWebhook } from './webhooks/signature/verify-webhook.ts'
export type { WebhookWorker } from './webhooks/worker/worker.ts'
