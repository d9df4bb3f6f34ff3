import { hash } from 'node:crypto'

import { SluiceError } from '@sluice/core'

import type { DocumentStore, DocumentWrite } from '../../documents/document-store.ts'

/** A request that is done once, however often it is sent: by its `Idempotency-Key`. */
export interface RepeatKey {
  readonly key: string
  /** Of what was asked: the same key with something else is a mistake. */
  readonly fingerprint: string
}

const KIND = 'batch-key'
/** How long a key is known. */
const KNOWN_MS = 24 * 3_600_000

/** What remembers that `id` was made by this request. */
export function keyWrite(scope: string, route: string, { key, fingerprint }: RepeatKey, id: string): DocumentWrite {
  const place = { scope, state: 'used' }
  return { kind: KIND, id: idOf(scope, route, key), after: 0, value: { fingerprint, id }, place, forgetInMs: KNOWN_MS }
}

/**
 * The id of what was made by the same request before.
 *
 * @throws SluiceError `SLUICE_ERR_IDEMPOTENCY_MISMATCH`
 */
export async function madeBefore(
  documents: DocumentStore,
  { scope, route, repeat }: { scope: string; route: string; repeat: RepeatKey },
): Promise<string | undefined> {
  const found = await documents.read({ kind: KIND, id: idOf(scope, route, repeat.key) })
  if (!found) return undefined
  const { fingerprint, id } = found.value as { fingerprint: string; id: string }
  if (fingerprint === repeat.fingerprint) return id
  const message = 'The Idempotency-Key was used for another request. Give each request its own.'
  throw new SluiceError('SLUICE_ERR_IDEMPOTENCY_MISMATCH', message)
}

function idOf(scope: string, route: string, key: string): string {
  return hash('sha256', JSON.stringify([scope, route, key])).slice(0, 48)
}
