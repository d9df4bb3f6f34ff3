import type { EndEvent } from '@sluice/core'
import type { Keeping, StoredStream, StreamFacts } from '@sluice/core/extend'

export const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }
export const RETENTION_MS = 100
/** Some streams, three of them while they run. */
export const MAX_BYTES = 12 * 1024
export const MAX_TOMBSTONES = 3
export const KEEPING: Keeping = {
  retentionBytes: 1024 * 1024,
  retentionMs: RETENTION_MS,
  leaseMs: 10,
  windowBytes: 64 * 1024,
  durability: 'committed',
}

/** A stream as the naive model knows it. */
export interface Known {
  facts: StreamFacts
  seq: number
  epoch: number
  end: EndEvent | undefined
  expiresAtMs: number
  log: StoredStream['log']
}

/** The store's promises, kept in plain lists. */
export class MemoryStoreModel {
  streams: Known[] = []
  /** Oldest first. */
  ended: Known[] = []
  tombs: { id: string; end: EndEvent | undefined; seq: number; epoch: number }[] = []

  get bytes(): number {
    return this.streams.reduce((sum, { log }) => sum + log.heldBytes, 0)
  }

  byId(id: string): Known | undefined {
    return this.streams.find(({ facts }) => facts.id === id)
  }

  live({ tenant, key }: { tenant: string; key: string | undefined }): Known | undefined {
    if (key === undefined) return undefined
    return this.streams.find((known) => !known.end && known.facts.tenant === tenant && known.facts.key === key)
  }

  repeated({ tenant, owner, idempotency }: StreamFacts): Known | undefined {
    if (!idempotency) return undefined
    return this.streams.find(
      ({ facts }) => facts.tenant === tenant && facts.owner === owner && facts.idempotency?.key === idempotency.key,
    )
  }

  expire(known: Known): void {
    this.streams = this.streams.filter((other) => other !== known)
    this.ended = this.ended.filter((other) => other !== known)
    const { facts, end, seq, epoch } = known
    this.tombs.push({ id: facts.id, end, seq, epoch })
    if (this.tombs.length > MAX_TOMBSTONES) this.tombs.shift()
  }

  finish(known: Known, end: EndEvent, nowMs: number): void {
    known.end = end
    known.expiresAtMs = nowMs + RETENTION_MS
    this.ended.push(known)
    this.evict()
  }

  evict(): void {
    while (this.bytes > MAX_BYTES && this.ended.length > 0) this.expire(this.ended[0]!)
  }

  expireDue(nowMs: number): void {
    for (const known of [...this.ended].sort((a, b) => a.expiresAtMs - b.expiresAtMs)) {
      if (known.expiresAtMs <= nowMs) this.expire(known)
    }
  }
}
