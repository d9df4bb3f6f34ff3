import { createHmac, type KeyObject } from 'node:crypto'

/** What is signed: the bytes that are sent, under an id, at a time. */
export interface SignedMessage {
  /** Without a dot: the text that is signed is cut at dots. */
  readonly id: string
  readonly timestampS: number
  readonly body: string | Uint8Array
}

/** The signature by one key, with the version in front: `v1,` and base64. */
export function signatureOf({ id, timestampS, body }: SignedMessage, key: KeyObject): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestampS}.`).update(body).digest('base64')}`
}

/** The three headers of Standard Webhooks; with several keys, as while a secret is changed, a signature by each. */
export function signatureHeaders(message: SignedMessage, keys: readonly KeyObject[]): Record<string, string> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampS),
    'webhook-signature': keys.map((key) => signatureOf(message, key)).join(' '),
  }
}
