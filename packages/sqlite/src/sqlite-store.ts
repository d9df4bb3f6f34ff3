import { createSystemRuntime, type EndEvent, type Json, type Runtime, type Store, type StoreHealth } from '@sluice/core'
import {
  type Begun,
  type CloseOptions,
  type Closing,
  type Found,
  type Keeping,
  type LookUp,
  type MaybePromise,
  type StoreHost,
  type StoreRef,
  type StreamFacts,
  type StreamName,
} from '@sluice/core/extend'

import { openStoreContext } from './context/open-store-context.ts'
import { resolveSqliteStoreOptions, type SqliteStoreOptions } from './context/options.ts'
import type { StoreContext } from './context/store-context.ts'
import type { Disk } from './file/disk.ts'
import { asStoreError, storeError } from './file/store-error.ts'
import { KeptLogs } from './kept/kept-logs.ts'
import { ProducedStreams } from './producing/produced-streams.ts'
import { closeRow } from './records/close-row.ts'
import { type StreamRow, streamWithoutEvents } from './records/stream-row.ts'
import { StreamLookup } from './stream-lookup.ts'
import { endLog, LeftStreams } from './upkeep/left-streams.ts'
import { recover } from './upkeep/recover.ts'
import { Room } from './upkeep/room.ts'
import { Settling } from './upkeep/settling.ts'

/** What a store is made of in tests. */
export interface SqliteStoreParts {
  readonly runtime?: Runtime | undefined
  readonly openDisk?: ((file: string) => Disk) | undefined
}

/** Streams in one file of SQLite. See `sqliteStore`. */
export class StreamsInFile implements Store {
  readonly name = 'sqlite'
  readonly shared = false
  readonly #context: StoreContext
  readonly #close: () => void
  readonly #kept: KeptLogs
  readonly #produced: ProducedStreams
  readonly #room: Room
  readonly #left: LeftStreams
  readonly #settling: Settling
  readonly #lookup: StreamLookup
  #disposed: Promise<void> | undefined

  constructor(given: string | SqliteStoreOptions | undefined, { runtime, openDisk }: SqliteStoreParts = {}) {
    const options = resolveSqliteStoreOptions(given)
    const grown = (): void => this.#kept.evict()
    const { context, close } = openStoreContext(options, { runtime: runtime ?? createSystemRuntime(), openDisk, grown })
    this.#context = context
    this.#close = close
    this.#kept = new KeptLogs(context)
    this.#room = new Room(context, this.#kept)
    this.#settling = new Settling(context, this.#kept)
    this.#produced = new ProducedStreams(context, this.#kept, {
      ended: () => this.#room.plan(),
      unsettled: (number) => this.#ended(number),
      full: () => this.#room.makeRoom(),
    })
    this.#lookup = new StreamLookup(context, this.#produced, this.#kept, this.#room)
    this.#left = new LeftStreams(context, this.#kept, this.#produced, (number) => this.#ended(number))
    this.#recover()
  }

  serve(host: StoreHost): void {
    this.#context.hosts.push(host)
    this.#left.hurry()
    this.#settling.hurry()
  }

  begin(facts: StreamFacts, keeping: Keeping): MaybePromise<Begun> {
    return this.#changing(() => {
      const { streams } = this.#context
      const repeated = this.#lookup.keptRow(streams.repeated(facts))
      if (repeated) {
        const same = repeated.facts.idempotency?.fingerprint === facts.idempotency?.fingerprint
        return same ? { is: 'repeated', stream: this.#streamOf(repeated) } : { is: 'mismatch' }
      }
      const running = facts.key === undefined ? undefined : streams.byKey(facts.tenant, facts.key)
      if (running) return { is: 'running', stream: this.#streamOf(running) }
      this.#room.admit()
      this.#kept.admit()
      return { is: 'new', stream: this.#produced.begin(facts, keeping) }
    })
  }

  find(ref: StoreRef, lookUp: LookUp = 'read'): MaybePromise<Found> {
    this.#requireOpen()
    return this.#lookup.find(ref, lookUp)
  }

  close(stream: StreamName, end: EndEvent, { epoch }: CloseOptions = {}): MaybePromise<Closing> {
    return this.#changing(async () => {
      const produced = this.#produced.get(stream)
      if (produced) {
        const { log } = produced.stream
        const isOthers = epoch !== undefined && epoch !== log.epoch && !log.ending
        return isOthers ? { is: 'missing' } : this.#produced.close(produced, end)
      }
      const row = this.#lookup.rowOf(stream)
      if (!row) return { is: 'missing' }
      const { end: before, epoch: standing, seq } = row
      if (before) return { is: 'closed', first: false, end: before, epoch: standing, seq }
      if (epoch !== undefined && epoch !== standing) return { is: 'missing' }
      return this.#closeLeft(row, end)
    })
  }

  erase(stream: StreamName): MaybePromise<void> {
    return this.#changing(() => {
      const produced = this.#produced.get(stream)
      if (produced) this.#produced.gone(produced)
      const row = this.#context.streams.byId(stream)
      if (!row) return
      this.#left.forget(row.number)
      this.#room.expire(row, { erased: true })
      this.#room.plan()
    })
  }

  /** While this process has the directory, nobody else has its streams: leases need not be written down. */
  renew(streams: readonly StreamName[]): readonly StreamName[] {
    return streams.filter((stream) => {
      const log = this.#produced.get(stream)?.stream.log
      return !log || log.ending || log.lost !== undefined
    })
  }

  send(stream: StreamName, message: Json): MaybePromise<boolean> {
    const produced = this.#produced.get(stream)
    if (produced) return produced.stream.log.watchers.items.some((watcher) => watcher.message?.(message))
    return this.#changing(() => {
      const row = this.#lookup.rowOf(stream)
      return row !== undefined && !row.end && this.#context.messages.send(row.number, message)
    })
  }

  /** Readers that are here were granted it already; those that come later under the same name have it, too. */
  grant(stream: StreamName, reader: string, seq: number): number {
    const produced = this.#produced.get(stream)
    const kept = this.#kept.get(stream)
    const row = produced ?? this.#lookup.rowOf(stream)
    const isRemembered = produced ? this.#produced.grant(produced, reader, seq) : (kept?.grant(reader, seq) ?? true)
    if (!row || !isRemembered) return 0
    const { number } = row
    const make = (): void => this.#context.messages.grant(number, reader, seq)
    this.#produced.writer.change(`grant ${number} ${reader}`, { make })
    return 0
  }

  settled(stream: StreamName): void {
    const row = this.#context.streams.byId(stream)
    if (!row) return
    const make = (): void => this.#context.streams.setSettled(row.number)
    this.#produced.writer.change(`settled ${row.number}`, { make })
  }

  health(): StoreHealth {
    return this.#produced.writer.outage.underWay ? 'down' : 'ok'
  }

  usage(): { bytes: number; streams: number; live: number } {
    const streams = this.#produced.size + this.#kept.size
    return { bytes: this.#context.account.bytes, streams, live: this.#produced.live + this.#kept.live }
  }

  /** Writes what is left to be written, and gives up the directory. Streams that run go on where they are with the next store there. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#stop()
    return this.#disposed
  }

  #recover(): void {
    const { streams } = this.#context
    try {
      const left = recover(this.#context)
      this.#settling.add(...streams.unsettled())
      this.#left.add(left)
      this.#room.plan()
    } catch (error) {
      this.#close()
      throw asStoreError(error)
    }
  }

  /** A stream has ended that no producer settles. */
  #ended(number: number): void {
    this.#settling.add(number)
    this.#room.plan()
  }

  async #stop(): Promise<void> {
    this.#room.stop()
    this.#settling.stop()
    await this.#left.stop()
    await this.#produced.dispose()
    await this.#kept.dispose()
    await this.#context.checkpoints.settled()
    this.#close()
  }

  /** Does what changes the file, as soon as it may be changed. */
  #changing<Value>(act: () => MaybePromise<Value>): MaybePromise<Value> {
    this.#requireOpen()
    return this.#context.checkpoints.whenFree(() => {
      try {
        return act()
      } catch (error) {
        throw asStoreError(error)
      }
    }) as MaybePromise<Value>
  }

  #requireOpen(): void {
    if (this.#disposed) throw storeError('it is closed')
  }

  #streamOf(row: StreamRow): ReturnType<typeof streamWithoutEvents> {
    return (this.#produced.get(row.facts) ?? this.#kept.get(row.facts))?.stream ?? streamWithoutEvents(row)
  }

  async #closeLeft(row: StreamRow, end: EndEvent): Promise<Closing> {
    const { clock, checkpoints } = this.#context
    const endedAtMs = clock.now()
    const expiresAtMs = endedAtMs + row.keeping.retentionMs
    const closed = closeRow(this.#context, row, { end, endedAtMs, expiresAtMs, settled: false })
    this.#left.forget(row.number)
    await checkpoints.durable()
    endLog(this.#kept.get(row.facts)?.stream, closed)
    this.#ended(row.number)
    return { is: 'closed', first: true, ...closed }
  }
}
