import { Deadline, type Due, storeFull, type StreamName } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { giveBackPages, usedBytes } from '../file/free-pages.ts'
import { Stepwise } from '../file/stepwise.ts'
import type { KeptLogs } from '../kept/kept-logs.ts'
import { RemainsTable } from '../records/remains.ts'
import type { StreamRow } from '../records/stream-row.ts'

/** Segments that go at once. */
const SEGMENTS_AT_ONCE = 16
/** A deadline further away than that is looked at again on the way. */
const MAX_SLEEP_MS = 3_600_000

/** Gives up ended streams: those whose time is over, and, while the file is larger than it may be, those that ended first. */
export class Room implements Due {
  readonly #context: StoreContext
  readonly #kept: KeptLogs
  readonly #deadline: Deadline = new Deadline(this)
  readonly #remains: RemainsTable
  readonly #steps: Stepwise
  #stopped = false

  constructor(context: StoreContext, kept: KeptLogs) {
    this.#context = context
    this.#kept = kept
    this.#remains = new RemainsTable(context.database)
    this.#steps = new Stepwise(context.scheduler.runtime, (error) =>
      context.options.onWarning(`Streams that are over could not be given up: ${String(error)}`),
    )
  }

  /** What is to be given up next may be another stream. */
  plan(): void {
    if (this.#stopped) return
    const { scheduler, streams, clock } = this.#context
    if (this.#remains.size > 0 || (this.#isOver && streams.firstToGo(Infinity))) return this.#planIn(0)
    const atMs = streams.nextExpiryMs()
    if (atMs === Infinity) return scheduler.cancel(this.#deadline)
    this.#planIn(Math.min(Math.max(0, atMs - clock.now()), MAX_SLEEP_MS))
  }

  /** Takes care that there is room for another stream. @throws SluiceError `SLUICE_ERR_OVERLOADED` */
  admit(): void {
    if (!this.#isOver) return
    this.#step()
    this.plan()
    if (this.#isOver && !this.#context.streams.firstToGo(Infinity)) throw storeFull(this.#context.options.maxFileBytes)
  }

  /** A stream's time is over: only a tombstone is left of it. `erased`: nobody reads the rest of it either, and its text is wiped. */
  expire(row: StreamRow, { erased = false }: { erased?: boolean } = {}): void {
    const { database, streams, tombstones, messages } = this.#context
    database.transaction(() => {
      tombstones.add(row)
      streams.delete(row.number)
      messages.delete(row.number)
      this.#remains.add(row.number, erased)
    })
    this.#remains.added(row.number, erased)
    this.#kept.gone(row.facts satisfies StreamName, erased)
    this.#context.checkpoints.wrote(4)
  }

  /** A commit was refused for want of room: the stream that ended first makes some, if that can be written. */
  makeRoom(): void {
    const { streams, checkpoints } = this.#context
    try {
      const row = streams.firstToGo(Infinity)
      if (row) this.expire(row)
      while (this.#remains.deleteSome(SEGMENTS_AT_ONCE));
    } catch {
      // There is no room for that either. What the log of the file takes is free once it is moved.
    }
    checkpoints.wrote(Infinity)
    this.plan()
  }

  due(): void {
    void this.#context.checkpoints.whenFree(() => {
      if (this.#stopped) return
      const againInMs = this.#step()
      if (againInMs === undefined) this.plan()
      else this.#planIn(againInMs)
    })
  }

  stop(): void {
    this.#stopped = true
    this.#context.scheduler.cancel(this.#deadline)
  }

  #planIn(ms: number): void {
    const { scheduler } = this.#context
    scheduler.schedule(this.#deadline, scheduler.now() + ms)
  }

  /** Gives up what there is, for as long as a step may take. */
  #step(): number | undefined {
    return this.#steps.run(() => this.#giveUpSome())
  }

  /** `false`: there is nothing to be given up now. */
  #giveUpSome(): boolean {
    const { database, streams, clock } = this.#context
    if (this.#remains.deleteSome(SEGMENTS_AT_ONCE)) return true
    const row = streams.firstToGo(clock.now()) ?? (this.#isOver ? streams.firstToGo(Infinity) : undefined)
    if (row) {
      this.expire(row)
      return true
    }
    return giveBackPages(database)
  }

  /** The file has more than it may; pages that are free are not counted. */
  get #isOver(): boolean {
    const { database, options } = this.#context
    return usedBytes(database) > options.maxFileBytes
  }
}
