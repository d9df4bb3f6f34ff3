import type { KeyObject } from 'node:crypto'

import type { Json } from '@sluice/core'

import type { DocumentName, DocumentWrite, StoredDocument } from '../../documents/document-store.ts'
import type { HealthState } from '../machine/health-machine.ts'
import { keyOfSecret } from '../signature/secret.ts'

/** What documents of webhooks are called. */
export const ENDPOINT_KIND = 'webhook'

/** How much a webhook is told. `thin`: what it is about, to be asked for. `full`: also what there is to say, as far as it is short. */
export type WebhookPayload = 'thin' | 'full'

/** A secret that messages are signed with. */
export interface StoredSecret {
  readonly secret: string
  /** Until when; absent: as long as the webhook is there. */
  readonly untilMs?: number | undefined
}

/** A webhook as it is kept. */
export interface EndpointRecord {
  readonly url: string
  readonly events: readonly string[]
  readonly payload: WebhookPayload
  readonly description?: string | undefined
  /** The newest first; at most two. */
  readonly secrets: readonly StoredSecret[]
  readonly health: HealthState
}

/** A webhook, and the document that it was read from. */
export interface StoredEndpoint {
  readonly document: StoredDocument
  readonly record: EndpointRecord
}

/** Where the webhook of an id is kept. */
export function endpointName(id: string): DocumentName {
  return { kind: ENDPOINT_KIND, id }
}

/** What a document says of a webhook. */
export function toEndpoint(document: StoredDocument): StoredEndpoint {
  return { document, record: document.value as unknown as EndpointRecord }
}

/** Keeps a webhook as it is from now on. */
export function endpointWrite(
  { id, scope, after }: { readonly id: string; readonly scope: string; readonly after: number },
  record: EndpointRecord,
): DocumentWrite {
  const state = stateOf(record)
  return { kind: ENDPOINT_KIND, id, after, value: record as unknown as Json, place: { scope, state } }
}

/** Whether a webhook is sent anything. */
export function stateOf({ health }: Pick<EndpointRecord, 'health'>): 'enabled' | 'disabled' {
  return health.disabled ? 'disabled' : 'enabled'
}

/** What messages are signed with at this time. */
export function keysAt({ secrets }: Pick<EndpointRecord, 'secrets'>, nowMs: number): KeyObject[] {
  return secrets
    .filter(({ untilMs }) => untilMs === undefined || nowMs < untilMs)
    .map(({ secret }) => keyOfSecret(secret))
}

/** The secrets of a webhook that has a new one: the one before is good for a while, those before it are not. */
export function rotated(secrets: readonly StoredSecret[], secret: string, untilMs: number): readonly StoredSecret[] {
  const [current] = secrets
  return [{ secret }, ...(current ? [{ secret: current.secret, untilMs }] : [])]
}
