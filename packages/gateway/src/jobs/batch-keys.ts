import { createHash } from 'node:crypto'

import type { Principal } from '@sluice/core'
import { type DocumentStore, scopeOf } from '@sluice/jobs'

import type { KeyVault } from './key-vault.ts'

const KIND = 'batch-key'
/** Longer than any batch is worked at. */
const KEPT_MS = 40 * 86_400_000
const READ_AGAIN_MS = 60_000

/** Keys of owners who have batches: their lines are asked with them. */
export class BatchKeys {
  readonly #documents: DocumentStore
  readonly #vault: KeyVault
  readonly #known: Map<string, { readonly key: string | undefined; readonly untilMs: number }> = new Map()

  constructor(documents: DocumentStore, vault: KeyVault) {
    this.#documents = documents
    this.#vault = vault
  }

  /** Notes the key that an owner came with. */
  async remember(owner: Principal, authorization: string | undefined): Promise<void> {
    const value = this.#vault.seal(authorization)
    if (value === undefined) return
    const id = idOf(owner)
    const place = { scope: '', state: 'kept' }
    const before = await this.#documents.read({ kind: KIND, id })
    // Whoever notes it at the same time notes the same: an owner is a hash of the key.
    await this.#documents.write([{ kind: KIND, id, after: before?.version ?? 0, value, place, forgetInMs: KEPT_MS }])
  }

  async keyOf(owner: Principal): Promise<string | undefined> {
    const id = idOf(owner)
    const known = this.#known.get(id)
    if (known && known.untilMs > performance.now()) return known.key
    const found = await this.#documents.read({ kind: KIND, id })
    const key = typeof found?.value === 'string' ? this.#vault.open(found.value) : undefined
    if (this.#known.size >= 1_000) this.#known.clear()
    this.#known.set(id, { key, untilMs: performance.now() + READ_AGAIN_MS })
    return key
  }
}

function idOf(owner: Principal): string {
  return createHash('sha256').update(scopeOf(owner)).digest('base64url')
}
