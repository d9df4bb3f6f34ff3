import type { DocumentWrite } from '../../documents/document-store.ts'
import { asksFor } from '../context/event-types.ts'
import type { WebhookContext } from '../context/webhook-context.ts'
import { beginDelivery, stepDelivery } from '../machine/delivery-machine.ts'
import { DELIVERY_KIND, deliveryId, type DeliveryRecord, deliveryWrite, PENDING } from '../record/delivery-record.ts'
import { ENDPOINT_KIND, type StoredEndpoint, toEndpoint } from '../record/endpoint-record.ts'
import { bodyOf, requireEvent, type TimedEvent, type WebhookEvent } from './event.ts'

/**
 * What is to be written so that an event is delivered to all webhooks of an owner that ask for it: by whoever makes the event, together
 * with what has happened.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` for an event that is none
 */
export async function outboxOf(context: WebhookContext, given: WebhookEvent, scope: string): Promise<DocumentWrite[]> {
  const event = requireEvent(given, context.eventTypes, context.now())
  const { documents } = await context.documents.list({
    kind: ENDPOINT_KIND,
    scope,
    state: 'enabled',
    limit: context.limits.endpoints,
  })
  const asking = documents.map(toEndpoint).filter(({ record }) => asksFor(record.events, event.type))
  const writes = await Promise.all(asking.map((endpoint) => firstWrite(context, event, endpoint)))
  return writes.filter((write) => write !== undefined)
}

/** The delivery of one event to one webhook. `undefined`: there are too many that wait, and too many that were not sent for that. */
export async function firstWrite(
  context: WebhookContext,
  event: TimedEvent,
  { document, record }: StoredEndpoint,
): Promise<DocumentWrite | undefined> {
  const { limits, deliveryRules, delivery } = context
  const nowMs = context.now()
  const { state, dueInMs } = beginDelivery(nowMs, deliveryRules, context.random())
  const made: DeliveryRecord = {
    owner: document.scope,
    webhook: document.id,
    event: { id: event.id, type: event.type },
    body: bodyOf(event, record.payload, limits.payloadBytes),
    state,
  }
  const name = { id: deliveryId(event.id, document.id), after: 0 }
  if ((await countOf(context, document.id, PENDING)) < limits.pending) return deliveryWrite(name, made, { dueInMs })
  // What has happened must not fail because nobody listens.
  if ((await countOf(context, document.id, 'failed')) >= limits.kept) return undefined
  const given = stepDelivery(state, { type: 'give-up', nowMs, error: 'backlog' }, deliveryRules)
  return deliveryWrite(name, { ...made, state: given.state }, { forgetInMs: delivery.keepMs })
}

/** How many deliveries of a webhook are in a state. */
export async function countOf({ documents }: WebhookContext, webhook: string, state: string): Promise<number> {
  return documents.count(DELIVERY_KIND, { scope: webhook, state })
}
