import type { Found, LookUp, MaybePromise, StoreRef, StreamName } from '@sluice/core/extend'

import type { StoreContext } from './context/store-context.ts'
import { asStoreError } from './file/store-error.ts'
import type { KeptLogs } from './kept/kept-logs.ts'
import type { ProducedStreams } from './producing/produced-streams.ts'
import { type StreamRow, streamWithoutEvents } from './records/stream-row.ts'
import type { Room } from './upkeep/room.ts'

/** Finds streams where they are nearest: produced here, as a log that is read here, or in the file. */
export class StreamLookup {
  readonly #context: StoreContext
  readonly #produced: ProducedStreams
  readonly #kept: KeptLogs
  readonly #room: Room

  constructor(context: StoreContext, produced: ProducedStreams, kept: KeptLogs, room: Room) {
    this.#context = context
    this.#produced = produced
    this.#kept = kept
    this.#room = room
  }

  find(ref: StoreRef, lookUp: LookUp): MaybePromise<Found> {
    try {
      // Facts are a name too: they have both, and the id decides.
      if ('id' in ref) return this.#byId(ref, lookUp)
      const row = this.#context.streams.byKey(ref.tenant, ref.key)
      return row ? this.#byId(row.facts, lookUp) : { is: 'unknown' }
    } catch (error) {
      throw asStoreError(error)
    }
  }

  /** The stream's record, unless its time is over. */
  rowOf(stream: StreamName): StreamRow | undefined {
    return this.keptRow(this.#context.streams.byId(stream))
  }

  /** The same of a record that was read. */
  keptRow(row: StreamRow | undefined): StreamRow | undefined {
    if (row?.expiresAtMs === undefined || row.expiresAtMs > this.#context.clock.now()) return row
    void this.#context.checkpoints.whenFree(() => {
      if (this.#context.streams.byNumber(row.number)) this.#room.expire(row)
    })
    this.#room.plan()
    return undefined
  }

  #byId(stream: StreamName, lookUp: LookUp): MaybePromise<Found> {
    const produced = this.#produced.get(stream)
    if (produced) return { is: 'stream', stream: produced.stream }
    const row = this.rowOf(stream)
    if (!row) return this.#tombstone(stream)
    const kept = this.#kept.get(stream)
    if (kept) return { is: 'stream', stream: kept.stream }
    return lookUp === 'look' ? { is: 'stream', stream: streamWithoutEvents(row) } : this.#read(row)
  }

  #tombstone(stream: StreamName): Found {
    const tombstone = this.#context.tombstones.get(stream)
    return tombstone ? { is: 'tombstone', tombstone } : { is: 'unknown' }
  }

  async #read(row: StreamRow): Promise<Found> {
    try {
      const { stream } = await this.#kept.open(row)
      return { is: 'stream', stream }
    } catch (error) {
      const now = this.#context.streams.byNumber(row.number)
      if (!now) return this.#tombstone(row.facts)
      // It was ended while it was read.
      if (now.seq !== row.seq) return this.#read(now)
      throw asStoreError(error)
    }
  }
}
