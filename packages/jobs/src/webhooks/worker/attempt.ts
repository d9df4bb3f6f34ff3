import type { StoredDocument } from '../../documents/document-store.ts'
import { checkUrl } from '../address/check-url.ts'
import type { WebhookContext } from '../context/webhook-context.ts'
import { admit, type Admission } from '../machine/health-machine.ts'
import { type DeliveryTry, stepDelivery } from '../machine/delivery-machine.ts'
import { deliveryName, type DeliveryRecord, toDelivery } from '../record/delivery-record.ts'
import { endpointName, type EndpointRecord, endpointWrite, keysAt, toEndpoint } from '../record/endpoint-record.ts'
import { post, type Posted } from '../sending/post.ts'
import { retryAfterMs } from '../sending/retry-after.ts'
import { signatureHeaders } from '../signature/sign.ts'
import { settle } from './settle.ts'

const TRIES = 8
const USER_AGENT = 'sluice-webhooks/1'

/** Makes one attempt of a delivery that was claimed, and writes down what became of it. */
export async function attempt(context: WebhookContext, document: StoredDocument): Promise<void> {
  const claimedAtMs = context.now()
  const claim = { type: 'claim', lease: document.lease, nowMs: claimedAtMs } as const
  const { outcome } = stepDelivery(toDelivery(document).state, claim, context.deliveryRules)
  if (outcome !== 'ok') return settle(context, document, { is: 'given-up', error: 'lost' })
  const admitted = await admission(context, toDelivery(document).webhook)
  if (!admitted) {
    await context.documents.write([{ ...deliveryName(document.id), after: document.version }])
    return
  }
  const { verdict, record } = admitted
  if (verdict.is === 'wait') return holdBack(context, document, verdict.forMs)
  if (verdict.is === 'disabled') return settle(context, document, { is: 'given-up', error: 'disabled' })
  const posted = await send(context, toDelivery(document), record)
  const nowMs = context.now()
  const made = { ...tryOf(posted), atMs: claimedAtMs, durationMs: Math.max(0, nowMs - claimedAtMs) }
  const asked = posted.is === 'answered' ? retryAfterMs(posted.retryAfter, nowMs) : undefined
  return settle(context, document, { is: 'made', made, retryAfterMs: asked })
}

/** Puts a delivery back: its turn comes later. The attempt does not count. */
export function holdBack(context: WebhookContext, document: StoredDocument, forMs: number): Promise<void> {
  return settle(context, document, { is: 'held', forMs })
}

/** Whether the webhook of a delivery may be sent something now; `undefined`: it is not there any more. */
async function admission(
  context: WebhookContext,
  webhook: string,
): Promise<{ readonly verdict: Admission; readonly record: EndpointRecord } | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await context.documents.read(endpointName(webhook))
    if (!found) return undefined
    const { document, record } = toEndpoint(found)
    const verdict = admit(record.health, context.now(), context.healthRules)
    if (verdict.is !== 'probe') return { verdict, record }
    const { id, scope, version } = document
    const probing = endpointWrite({ id, scope, after: version }, { ...record, health: verdict.state })
    const written = await context.documents.write([probing])
    if (written.is === 'ok') return { verdict, record }
  }
  throw new Error(`The webhook ${webhook} changes all the time.`)
}

async function send(context: WebhookContext, delivery: DeliveryRecord, endpoint: EndpointRecord): Promise<Posted> {
  const nowMs = context.now()
  const { event, body } = delivery
  const message = { id: event.id, timestampS: Math.floor(nowMs / 1000), body }
  let url: URL
  try {
    // The rules may be others than when it was registered.
    url = checkUrl(endpoint.url, context.posting.rules)
  } catch {
    return { is: 'failed', why: 'address' }
  }
  const headers = {
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    ...signatureHeaders(message, keysAt(endpoint, nowMs)),
  }
  return post({ url, headers, body }, context.posting)
}

function tryOf(posted: Posted): Pick<DeliveryTry, 'status' | 'error'> {
  if (posted.is === 'failed') return { error: posted.why }
  const { status } = posted
  return status >= 200 && status <= 299 ? { status } : { status, error: 'status' }
}
