import { heldBytes } from '../events/held-bytes.ts'
import type { Tombstone } from './stream-facts.ts'

/** What a tombstone takes beside what it says: its place in the index, under its id. */
const TOMBSTONE_COST_BYTES = 160
/** Tombstones take so much of a store at most, beside what its streams may take … */
const PART = 1 / 16
/** … but for a store of little memory. */
const MIN_BYTES = 64 * 1024

/** What is left of streams that are not kept any more, the latest of them, bounded in number and in bytes (contract 6). */
export class Tombstones {
  readonly #maxCount: number
  readonly #maxBytes: number
  /** Oldest first. */
  readonly #byId: Map<string, { readonly tombstone: Tombstone; readonly bytes: number }> = new Map()
  #bytes = 0

  constructor({ maxBytes, maxTombstones }: { maxBytes: number; maxTombstones: number }) {
    this.#maxCount = maxTombstones
    this.#maxBytes = Math.max(MIN_BYTES, maxBytes * PART)
  }

  get(id: string): Tombstone | undefined {
    return this.#byId.get(id)?.tombstone
  }

  add(tombstone: Tombstone): void {
    const { id } = tombstone.facts
    const bytes = TOMBSTONE_COST_BYTES + heldBytes(tombstone)
    this.#forget(id)
    this.#byId.set(id, { tombstone, bytes })
    this.#bytes += bytes
    for (const oldest of this.#byId.keys()) {
      if (this.#byId.size <= this.#maxCount && this.#bytes <= this.#maxBytes) return
      this.#forget(oldest)
    }
  }

  #forget(id: string): void {
    this.#bytes -= this.#byId.get(id)?.bytes ?? 0
    this.#byId.delete(id)
  }
}
