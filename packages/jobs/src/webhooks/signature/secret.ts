import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

import { SluiceError } from '@sluice/core'

const PREFIX = 'whsec_'
/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = { least: 24, made: 32, most: 64 }
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** A new secret: `whsec_` and base64 of 32 random bytes. */
export function createWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES.made).toString('base64')
}

/**
 * The key that a secret stands for.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`; the message does not have the secret
 */
export function keyOfSecret(secret: unknown): KeyObject {
  if (typeof secret === 'string' && secret.startsWith(PREFIX)) {
    const text = secret.slice(PREFIX.length)
    const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0)
    if (bytes.length >= SECRET_BYTES.least && bytes.length <= SECRET_BYTES.most) return createSecretKey(bytes)
  }
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    'A secret of a webhook must be whsec_ and base64 of 24 to 64 bytes, and what was given is something else; take it ' +
      'as it was shown when the webhook was created, with its prefix.',
  )
}
