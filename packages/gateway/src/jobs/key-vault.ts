import { randomBytes } from 'node:crypto'

import type { DocumentStore } from '@sluice/jobs'

import { createKeySeal } from '../door/key-seal.ts'

/** What a sealed key is bound to: it opens as nothing else. */
const PLACE = 'job.key'
const SECRET = { kind: 'secret', id: 'job-keys' }

/** Keeps keys of clients with their jobs, unreadable without the secret. */
export interface KeyVault {
  seal(authorization: string | undefined): string | undefined
  open(sealed: string | undefined): string | undefined
}

/**
 * The secret is `given`, or one that all processes on these documents agree on: then whoever reads those documents can read the
 * keys, too.
 */
export async function openKeyVault(documents: DocumentStore, given: string | undefined): Promise<KeyVault> {
  const seal = createKeySeal(given ?? (await agreedSecret(documents)))
  return {
    seal(authorization) {
      if (authorization === undefined) return undefined
      const sealed = seal.put(PLACE, authorization)
      return sealed === PLACE ? undefined : sealed
    },
    open: (sealed) => (sealed === undefined ? undefined : seal.take(sealed)?.key),
  }
}

async function agreedSecret(documents: DocumentStore): Promise<string> {
  const own = randomBytes(32).toString('base64url')
  const place = { scope: '', state: 'kept' }
  const written = await documents.write([{ ...SECRET, after: 0, value: own, place }])
  if (written.is === 'ok') return own
  const found = await documents.read(SECRET)
  return typeof found?.value === 'string' ? found.value : own
}
