import type { Json } from '@sluice/core'

import type { DocumentName, DocumentWrite, StoredDocument } from '../../documents/document-store.ts'
import type { DeliveryState } from '../machine/delivery-machine.ts'

/** What documents of deliveries are called. Their scope is the webhook's id: what is bounded is bounded for each receiver. */
export const DELIVERY_KIND = 'delivery'

/** The states that deliveries wait and are worked on in. */
export const PENDING = 'pending'
export const SENDING = 'sending'

/** A delivery as it is kept. */
export interface DeliveryRecord {
  /** The scope of the owner. */
  readonly owner: string
  readonly webhook: string
  readonly event: { readonly id: string; readonly type: string }
  /** The bytes that are sent, the same in each attempt. */
  readonly body: string
  readonly state: DeliveryState
}

/** When a delivery may be claimed, or is forgotten. */
export interface DeliveryTimes {
  readonly dueInMs?: number | undefined
  readonly forgetInMs?: number | undefined
}

/** What a document says of a delivery. */
export function toDelivery({ value }: StoredDocument): DeliveryRecord {
  return value as unknown as DeliveryRecord
}

/** Where the delivery of an id is kept. */
export function deliveryName(id: string): DocumentName {
  return { kind: DELIVERY_KIND, id }
}

/** The id of the delivery of an event to a webhook: there is one. */
export function deliveryId(event: string, webhook: string): string {
  return `${event}-${webhook}`
}

/** Keeps a delivery as it is from now on. */
export function deliveryWrite(
  { id, after }: { readonly id: string; readonly after: number },
  record: DeliveryRecord,
  times: DeliveryTimes,
): DocumentWrite {
  const { webhook, state } = record
  return {
    kind: DELIVERY_KIND,
    id,
    after,
    value: record as unknown as Json,
    place: { scope: webhook, state: state.phase },
    ...times,
  }
}
