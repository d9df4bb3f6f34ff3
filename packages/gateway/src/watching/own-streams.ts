import type { ChunkInfo, EndEvent, Observer, Principal, StreamIdentity, StreamTiming } from '@sluice/core'

import { forgetOldest, type OwnFigures, OwnRecord, type OwnStream } from './own-record.ts'

/** Owners that are remembered; of more, those that were busy longest ago are forgotten. */
const MAX_OWNERS = 1_000

/**
 * What this process has seen of each owner's streams: for a route that shows nobody those of others. It asks no store, so that it has an
 * answer while that is down.
 */
export class OwnStreams implements Observer {
  readonly #records: Map<string, OwnRecord> = new Map()

  started(stream: StreamIdentity): void {
    const name = nameOf(stream)
    const record = this.#records.get(name) ?? new OwnRecord()
    // Whoever is busy comes last.
    this.#records.delete(name)
    this.#records.set(name, record)
    forgetOldest(this.#records, MAX_OWNERS)
    record.started(stream)
  }

  attached(stream: StreamIdentity, { readers }: { readers: number }): void {
    this.#of(stream)?.readers(stream, readers)
  }

  chunk(stream: StreamIdentity, info: ChunkInfo): void {
    this.#of(stream)?.chunk(stream, info)
  }

  detached(stream: StreamIdentity, { readers }: { readers: number }): void {
    this.#of(stream)?.readers(stream, readers)
  }

  ended(stream: StreamIdentity, info: { end: EndEvent; events: number; bytes: number; timing: StreamTiming }): void {
    this.#of(stream)?.ended(stream, info)
  }

  lost(stream: StreamIdentity): void {
    this.#of(stream)?.lost(stream)
  }

  /** The latest streams of who asks, newest first, and whether there were more. */
  list(principal: Principal, limit: number): { streams: readonly OwnStream[]; more: boolean } {
    return this.#records.get(nameOf(principal))?.list(limit) ?? { streams: [], more: false }
  }

  /** What was measured of the streams of who asks. */
  figures(principal: Principal): OwnFigures {
    return (this.#records.get(nameOf(principal)) ?? new OwnRecord()).figures()
  }

  #of(stream: StreamIdentity): OwnRecord | undefined {
    return this.#records.get(nameOf(stream))
  }
}

/** Tenant and owner as one name; the length makes `a:b` + `c` differ from `a` + `b:c`. */
function nameOf({ tenant = '', owner }: Pick<Principal, 'tenant' | 'owner'>): string {
  return `${tenant.length}:${tenant}${owner}`
}
