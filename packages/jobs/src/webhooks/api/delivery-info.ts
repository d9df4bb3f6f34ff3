import type { WireError } from '@sluice/core'

import type { StoredDocument } from '../../documents/document-store.ts'
import type { DeliveryFailure, DeliveryTry } from '../machine/delivery-machine.ts'
import { SENDING, toDelivery } from '../record/delivery-record.ts'

/** The states that deliveries are listed by. `sending`: an attempt is on its way. */
export type ListedDeliveryState = 'pending' | 'sending' | 'delivered' | 'failed'

/** What is known of a delivery. */
export interface DeliveryInfo {
  readonly id: string
  /** The id of its webhook. */
  readonly webhook: string
  /** The id that the receiver is told as `webhook-id`, and the type. */
  readonly event: { readonly id: string; readonly type: string }
  readonly state: ListedDeliveryState
  /** How many attempts have begun. */
  readonly attempt: number
  /** How many may begin. */
  readonly attempts: number
  readonly createdAtMs: number
  /** When the next attempt is due. */
  readonly nextAtMs?: number | undefined
  readonly endedAtMs?: number | undefined
  /** The last attempt that is over. Of the answer there is the status and nothing else. */
  readonly last?: DeliveryTry | undefined
  /** Why it failed for good. */
  readonly reason?: DeliveryFailure | undefined
  /** The same in words, with the code `SLUICE_ERR_WEBHOOK`. */
  readonly error?: WireError | undefined
}

const SAYS: { readonly [Reason in DeliveryFailure]: string } = {
  address: 'its host leads to no address, or not only to addresses of the public internet',
  connect: 'its host could not be connected to',
  tls: 'its host has no certificate that is valid for its name',
  answer: 'what it answered is no answer of HTTP, or the connection broke before it came',
  timeout: 'it did not answer in time',
  status: 'it answered with another status than 200 to 299',
  lost: 'the process that sent it was lost each time before an answer had come',
  disabled: 'the webhook was switched off',
  backlog: 'as many deliveries to it waited as may wait',
  expired: 'it could not be tried for as long as a delivery is kept waiting',
}

/** What may be told of a delivery to its owner. */
export function deliveryInfo(document: StoredDocument, attempts: number): DeliveryInfo {
  const { webhook, event, state } = toDelivery(document)
  const { phase, attempt, nextAtMs, endedAtMs, last, error } = state
  return {
    id: document.id,
    webhook,
    event,
    state: document.state === SENDING ? SENDING : phase,
    attempt,
    attempts,
    createdAtMs: document.createdAtMs,
    ...(nextAtMs !== undefined && { nextAtMs }),
    ...(endedAtMs !== undefined && { endedAtMs }),
    ...(last && { last }),
    ...(error && { reason: error, error: wireErrorOf(error, attempt) }),
  }
}

function wireErrorOf(reason: DeliveryFailure, attempt: number): WireError {
  const times = attempt === 1 ? '1 attempt' : `${attempt} attempts`
  return {
    code: 'SLUICE_ERR_WEBHOOK',
    message: `The receiver has not taken it (${times}): ${SAYS[reason]}. It can be sent again.`,
    retryable: true,
  }
}
