import { timingSafeEqual } from 'node:crypto'

import { type Json, SluiceError } from '@sluice/core'
import { requireInteger, withDefault } from '@sluice/core/extend'

import { keyOfSecret } from './secret.ts'
import { signatureOf } from './sign.ts'

/** What a receiver has of a webhook. */
export interface ReceivedWebhook {
  /** The body as it came: what was parsed and written again has other bytes. */
  readonly body: string | Uint8Array
  /** The headers of the request: those of Node, or of a fetch `Request`. */
  readonly headers: Headers | { readonly [name: string]: string | readonly string[] | undefined }
  /** As it was shown when the webhook was created; several while one is changed for another. */
  readonly secret: string | readonly string[]
  /**
   * How far the sender's clock may be from this one's, in seconds, either way: older messages may be somebody else's copies.
   * @defaultValue 300
   */
  readonly toleranceS?: number | undefined
}

/** More signatures than a sender has any reason to give are not tried. */
const MOST_SIGNATURES = 16
const SECONDS = /^\d{1,12}$/

/**
 * Checks that a webhook was signed with a secret, and lately, and gives what its body says. For receivers; any library for
 * Standard Webhooks does the same.
 *
 * @throws SluiceError `SLUICE_ERR_UNAUTHORIZED` for what was not signed so, `SLUICE_ERR_REQUEST` for a body that is no JSON,
 * `SLUICE_ERR_OPTION` for a secret that is none
 * @example
 * ```ts
 * const secret = createWebhookSecret()
 * const receive = async (request: Request) => {
 *   const event = verifyWebhook({ body: await request.text(), headers: request.headers, secret })
 *   console.log(event)
 *   return new Response(null, { status: 204 })
 * }
 * ```
 */
export function verifyWebhook({ body, headers, secret, toleranceS }: ReceivedWebhook): Json {
  const keys = (typeof secret === 'string' ? [secret] : secret).map(keyOfSecret)
  const leewayS = requireInteger('toleranceS', withDefault(toleranceS, 300), 1, 86_400)
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const signatures = headerOf(headers, 'webhook-signature').split(' ', MOST_SIGNATURES)
  if (!SECONDS.test(timestamp)) throw refused('The header webhook-timestamp has no seconds')
  const timestampS = Number(timestamp)
  if (Math.abs(Date.now() / 1000 - timestampS) > leewayS) throw refused(`It was not signed within ${leewayS} s of now`)
  const expected = keys.map((key) => Buffer.from(signatureOf({ id, timestampS, body }, key)))
  const given = signatures.map((signature) => Buffer.from(signature))
  if (!expected.some((one) => given.some((other) => other.length === one.length && timingSafeEqual(other, one))))
    throw refused('None of its signatures is by this secret')
  try {
    return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString()) as Json
  } catch (cause) {
    throw new SluiceError('SLUICE_ERR_REQUEST', 'The body of the webhook is no JSON.', { cause })
  }
}

function headerOf(headers: ReceivedWebhook['headers'], name: string): string {
  const value: unknown = headers instanceof Headers ? headers.get(name) : headers[name]
  if (typeof value === 'string' && value !== '') return value
  throw refused(`It has no header ${name}, or more than one`)
}

function refused(why: string): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_UNAUTHORIZED',
    `This is no webhook to be trusted: ${why}. Answer 401 and do nothing.`,
  )
}
