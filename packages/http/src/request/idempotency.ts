import { SluiceError } from '@sluice/core'

import { type HttpRequest, readHeaderText } from './http-request.ts'

const MAX_KEY_LENGTH = 255

/**
 * The key of a request with an `Idempotency-Key`: 1 to 255 characters, without the quotes around them.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function readIdempotencyKey(request: Pick<HttpRequest, 'header'>): string | undefined {
  const value = readHeaderText(request, 'idempotency-key')
  return value === undefined ? undefined : parseIdempotencyKey(value)
}

/**
 * The key in an `Idempotency-Key` header: a quoted structured-field string, as the draft has it, or bare, as most clients
 * send it.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseIdempotencyKey(value: string): string {
  const key = value.startsWith('"') ? unquote(value) : value
  if (key.length > 0 && key.length <= MAX_KEY_LENGTH) return key
  throw new SluiceError('SLUICE_ERR_REQUEST', `An Idempotency-Key has 1 to ${MAX_KEY_LENGTH} characters.`)
}

function unquote(value: string): string {
  const inner = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1]
  if (inner !== undefined) return inner.replace(/\\(["\\])/g, '$1')
  throw new SluiceError('SLUICE_ERR_REQUEST', 'The Idempotency-Key begins with a quote and is no quoted string.')
}
