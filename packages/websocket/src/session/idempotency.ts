import { createHash } from 'node:crypto'

import type { Json, StartOptions } from '@sluice/core'

/** What makes a `start` that is sent again, because its answer got lost, the same one. */
export function idempotencyOf(key: string | undefined, body: Json): StartOptions['idempotency'] {
  if (key === undefined) return undefined
  const fingerprint = createHash('sha256').update(canonicalJson(body)).digest('hex')
  // A key belongs to its route: the same one over HTTP is another request.
  return { key: `ws:${key}`, fingerprint }
}

/** JSON with members in one order and no space. `value` has been checked for its depth. */
function canonicalJson(value: Json | undefined): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]`
  const object = value as { readonly [name: string]: Json | undefined }
  const members = Object.keys(object)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(object[name])}`)
  return `{${members.join(',')}}`
}
