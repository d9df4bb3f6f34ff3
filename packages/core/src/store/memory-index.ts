import type { MemoryRecord } from './memory-record.ts'
import type { StoreRef } from './store.ts'
import type { StreamFacts } from './stream-facts.ts'

/** Finds the records of a memory store by whatever a stream may be asked for. */
export class MemoryIndex {
  readonly #byId: Map<string, MemoryRecord> = new Map()
  /** Running streams by tenant and key. */
  readonly #running: Map<string, MemoryRecord> = new Map()
  /** Streams by tenant, owner and idempotency key. */
  readonly #repeatable: Map<string, MemoryRecord> = new Map()

  get size(): number {
    return this.#byId.size
  }

  /** The stream of this id, or the one that runs under this key. */
  find(ref: StoreRef): MemoryRecord | undefined {
    // Facts are a name too: they have both, and the id decides.
    if (!('id' in ref)) return this.#running.get(scoped(ref.tenant, ref.key))
    const record = this.#byId.get(ref.id)
    return record?.stream.facts.tenant === ref.tenant ? record : undefined
  }

  /** The stream that was begun with the same idempotency key by the same owner. */
  repeated(facts: StreamFacts): MemoryRecord | undefined {
    const key = repeatKey(facts)
    return key === undefined ? undefined : this.#repeatable.get(key)
  }

  /** The stream that runs under the same key. */
  running({ tenant, key }: StreamFacts): MemoryRecord | undefined {
    return key === undefined ? undefined : this.#running.get(scoped(tenant, key))
  }

  add(record: MemoryRecord): void {
    const { facts } = record.stream
    this.#byId.set(facts.id, record)
    if (facts.key !== undefined) this.#running.set(scoped(facts.tenant, facts.key), record)
    const key = repeatKey(facts)
    if (key !== undefined) this.#repeatable.set(key, record)
  }

  /** The stream runs no more: its key is free. */
  freeKey(record: MemoryRecord): void {
    const { tenant, key } = record.stream.facts
    if (key === undefined) return
    const name = scoped(tenant, key)
    if (this.#running.get(name) === record) this.#running.delete(name)
  }

  delete(record: MemoryRecord): void {
    const { facts } = record.stream
    this.#byId.delete(facts.id)
    this.freeKey(record)
    const key = repeatKey(facts)
    if (key !== undefined) this.#repeatable.delete(key)
  }
}

function repeatKey({ tenant, owner, idempotency }: StreamFacts): string | undefined {
  return idempotency && scoped(tenant, `${owner.length}:${owner}${idempotency.key}`)
}

/** Tenant and key as one map key; the length makes `a:b` + `c` differ from `a` + `b:c`. */
function scoped(tenant: string, key: string): string {
  return `${tenant.length}:${tenant}${key}`
}
