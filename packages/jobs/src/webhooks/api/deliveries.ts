import type { StoredDocument } from '../../documents/document-store.ts'
import type { WebhookContext } from '../context/webhook-context.ts'
import { stepDelivery } from '../machine/delivery-machine.ts'
import { DELIVERY_KIND, deliveryName, deliveryWrite, SENDING, toDelivery } from '../record/delivery-record.ts'
import { endpointName } from '../record/endpoint-record.ts'
import { type AskedBy, busy, isId, isTheirs, notFound, type Page, requireLimit, requireScope } from './asked-by.ts'
import { type DeliveryInfo, deliveryInfo, type ListedDeliveryState } from './delivery-info.ts'

const TRIES = 8
const PAGE = 100

/** Which deliveries of a webhook are listed. */
export interface ListDeliveries extends AskedBy, Page {
  /** Default: all. */
  readonly state?: ListedDeliveryState | undefined
}

/** What was sent, what waits and what failed. */
export class WebhookDeliveries {
  readonly #context: WebhookContext

  /** Made by `createWebhooks`. */
  constructor(context: WebhookContext) {
    this.#context = context
  }

  /** Those of a webhook, newest first. @throws SluiceError `SLUICE_ERR_NOT_FOUND` */
  async list(
    webhook: string,
    options: ListDeliveries,
  ): Promise<{ readonly deliveries: readonly DeliveryInfo[]; readonly more: boolean }> {
    const scope = await requireScope(this.#context.scheduler, options)
    const limit = requireLimit(options)
    const owner = isId(webhook) ? await this.#context.documents.read(endpointName(webhook)) : undefined
    if (!owner || !isTheirs(owner.scope, scope, options)) throw notFound('webhook')
    const { state, after } = options
    const { documents, more } = await this.#context.documents.list({
      kind: DELIVERY_KIND,
      scope: webhook,
      state,
      after,
      limit,
    })
    return { deliveries: documents.map((document) => this.#info(document)), more }
  }

  /** @throws SluiceError `SLUICE_ERR_NOT_FOUND` */
  async get(id: string, by: AskedBy): Promise<DeliveryInfo> {
    return this.#info(await this.#find(id, by))
  }

  /**
   * Sends a delivery again that has arrived or failed, with all of its attempts; under the same `webhook-id`, so that a receiver that
   * has had it knows. One that waits has its next attempt at once; one that is on its way stays as it is.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`
   */
  async replay(id: string, by: AskedBy): Promise<DeliveryInfo> {
    for (let tries = 0; tries < TRIES; tries++) {
      const document = await this.#find(id, by)
      const record = toDelivery(document)
      const command = { type: 'replay', nowMs: this.#context.now(), lease: document.lease } as const
      const { state, outcome, dueInMs } = stepDelivery(record.state, command, this.#context.deliveryRules)
      if (outcome !== 'ok' || document.state === SENDING) return this.#info(document)
      const write = deliveryWrite({ id, after: document.version }, { ...record, state }, { dueInMs })
      const written = await this.#context.documents.write([write])
      if (written.is === 'ok') return this.get(id, by)
    }
    throw busy('delivery')
  }

  async #find(id: string, by: AskedBy): Promise<StoredDocument> {
    const scope = await requireScope(this.#context.scheduler, by)
    const document = isId(id) ? await this.#context.documents.read(deliveryName(id)) : undefined
    if (document && isTheirs(toDelivery(document).owner, scope, by)) return document
    throw notFound('delivery')
  }

  #info(document: StoredDocument): DeliveryInfo {
    return deliveryInfo(document, this.#context.delivery.scheduleMs.length)
  }
}

/** Removes what was sent to a webhook that is not there any more, and what waits for it. What is missed is dropped when it is due. */
export async function forgetDeliveries({ documents }: WebhookContext, webhook: string): Promise<void> {
  for (let goesOn = true; goesOn;) {
    const page = await documents.list({ kind: DELIVERY_KIND, scope: webhook, limit: PAGE })
    let removed = 0
    for (const { id, version } of page.documents) {
      const written = await documents.write([{ ...deliveryName(id), after: version }])
      if (written.is === 'ok') removed++
    }
    goesOn = removed > 0 && page.more
  }
}
