import { type Json, SluiceError } from '@sluice/core'

const MAX_KEY_LENGTH = 255

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

/** What makes two bodies the same: their value, however it was written down. */
export async function fingerprintOf(body: Json): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(body))
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** JSON with members in one order and no space. `value` has been checked for its depth. */
export function canonicalJson(value: Json | undefined): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]`
  const object = value as { readonly [name: string]: Json | undefined }
  const members = Object.keys(object)
    .filter((name) => object[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(object[name])}`)
  return `{${members.join(',')}}`
}

function unquote(value: string): string {
  const inner = /^"((?:[^"\\]|\\["\\])*)"$/.exec(value)?.[1]
  if (inner !== undefined) return inner.replace(/\\(["\\])/g, '$1')
  throw new SluiceError('SLUICE_ERR_REQUEST', 'The Idempotency-Key begins with a quote and is no quoted string.')
}
