import type { Json } from '../json.ts'

/**
 * For adapters: what makes two bodies the same, for an idempotency key: their value, however it was written down. SHA-256 in
 * hexadecimal digits. `body` has been checked for its depth.
 */
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
