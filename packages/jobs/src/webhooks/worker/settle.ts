import type { DocumentWrite, StoredDocument } from '../../documents/document-store.ts'
import { DISABLED_EVENT } from '../context/event-types.ts'
import type { WebhookContext } from '../context/webhook-context.ts'
import {
  type DeliveryAdvance,
  type DeliveryCommand,
  type DeliveryFailure,
  type DeliveryTry,
  stepDelivery,
} from '../machine/delivery-machine.ts'
import { type HealthCommand, stepHealth } from '../machine/health-machine.ts'
import { countOf, outboxOf } from '../outbox/outbox.ts'
import { deliveryName, type DeliveryRecord, deliveryWrite, toDelivery } from '../record/delivery-record.ts'
import { endpointName, endpointWrite, type StoredEndpoint, toEndpoint } from '../record/endpoint-record.ts'

/** What a worker has to say of a delivery that it has claimed. */
export type AttemptResult =
  | { readonly is: 'made'; readonly made: DeliveryTry; readonly retryAfterMs?: number | undefined }
  | { readonly is: 'held'; readonly forMs: number }
  | { readonly is: 'given-up'; readonly error: DeliveryFailure }

const TRIES = 8

/**
 * Writes down what became of an attempt: of the delivery, of its receiver's health, and the event that tells of a webhook switched off,
 * all of it or nothing. Where somebody else has written meanwhile, it is thought over again.
 */
export async function settle(context: WebhookContext, claimed: StoredDocument, result: AttemptResult): Promise<void> {
  const { documents } = context
  const { id, lease } = claimed
  let document: StoredDocument | undefined = claimed
  for (let tries = 0; tries < TRIES && document; tries++) {
    const writes: DocumentWrite[] = []
    const record = toDelivery(document)
    const found = await documents.read(endpointName(record.webhook))
    const endpoint = found && toEndpoint(found)
    const advance = advanceOf(context, record, lease, result)
    if (!endpoint) writes.push({ ...deliveryName(id), after: document.version })
    else if (advance.state !== record.state) writes.push(await writeOf(context, document, record, advance))
    if (endpoint) writes.push(...(await healthWrites(context, endpoint, result)))
    if (writes.length === 0) return
    const written = await documents.write(writes)
    if (written.is === 'ok') return
    document = await documents.read(deliveryName(id))
  }
}

/** The delivery once it is told. A result counts for the claim that it comes from, even where the claim was written nowhere. */
function advanceOf(
  context: WebhookContext,
  { state }: DeliveryRecord,
  lease: number,
  result: AttemptResult,
): DeliveryAdvance {
  const { deliveryRules: rules } = context
  const claim = stepDelivery(state, { type: 'claim', lease, nowMs: context.now() }, rules)
  // Whoever had it was lost so often that nothing is left to try: unless it has arrived, that is the end.
  if (claim.outcome === 'closed' && !isSuccess(result)) return claim
  // What is given up was not attempted.
  const isAttempt = claim.outcome === 'ok' && result.is !== 'given-up'
  return stepDelivery(isAttempt ? claim.state : state, commandOf(context, lease, result), rules)
}

function isSuccess(result: AttemptResult): boolean {
  return result.is === 'made' && result.made.error === undefined
}

function commandOf(context: WebhookContext, lease: number, result: AttemptResult): DeliveryCommand {
  const [nowMs, random] = [context.now(), context.random()]
  if (result.is === 'held') return { type: 'hold', lease, nowMs, forMs: result.forMs, random }
  if (result.is === 'given-up') return { type: 'give-up', nowMs, error: result.error }
  return { type: 'answer', lease, nowMs, made: result.made, retryAfterMs: result.retryAfterMs, random }
}

/** Keeps the delivery: until its next attempt, or to be listed as long as there are not too many of its kind. */
async function writeOf(
  context: WebhookContext,
  { id, version }: StoredDocument,
  record: DeliveryRecord,
  { state, dueInMs }: DeliveryAdvance,
): Promise<DocumentWrite> {
  const name = { id, after: version }
  const next = { ...record, state }
  if (state.phase === 'pending') return deliveryWrite(name, next, { dueInMs })
  const kept = await countOf(context, record.webhook, state.phase)
  if (kept >= context.limits.kept) return { ...deliveryName(id), after: version }
  return deliveryWrite(name, next, { forgetInMs: context.delivery.keepMs })
}

/** What the attempt says of the receiver; with it the event for the owner's other webhooks when this one is switched off. */
async function healthWrites(
  context: WebhookContext,
  { document, record }: StoredEndpoint,
  result: AttemptResult,
): Promise<DocumentWrite[]> {
  if (result.is !== 'made') return []
  const { made, retryAfterMs } = result
  const command: HealthCommand =
    made.error === undefined
      ? { type: 'success' }
      : { type: 'failure', nowMs: context.now(), status: made.status, retryAfterMs }
  const health = stepHealth(record.health, command, context.healthRules)
  if (health === record.health) return []
  const { id, scope, version } = document
  const write = endpointWrite({ id, scope, after: version }, { ...record, health })
  if (!health.disabled || record.health.disabled) return [write]
  const event = { type: DISABLED_EVENT, about: id, sequence: version + 1, data: { reason: health.disabled.reason } }
  const told = await outboxOf(context, event, scope)
  // It was still switched on when they were looked up.
  return [write, ...told.filter(({ place }) => place?.scope !== id)]
}
