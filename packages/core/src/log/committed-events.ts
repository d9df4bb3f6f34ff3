import type { Entry } from './entry.ts'
import { SmallSet, withOneMore } from './small-set.ts'
import { EventBuffer } from './event-buffer.ts'
import type { LogOptions } from './log-options.ts'
import type { LogReader, LogSleeper, LogWatcher } from './log-listeners.ts'

const NOBODY: readonly never[] = []

/** Kept events as they are shown: up to `committed`, to readers that sleep in between and are woken for what they want. */
export class CommittedEvents extends EventBuffer {
  /** Everything up to here may be shown to readers. */
  committed: number
  /** Bytes charged for all events up to `committed`, since the stream began. */
  committedBytes = 0
  readonly readers: SmallSet<LogReader> = new SmallSet()
  readonly watchers: SmallSet<LogWatcher> = new SmallSet()
  /** Readers in other processes. */
  remoteReaders = 0
  /** Position of the furthest of them, in bytes. */
  #remoteBytes = 0
  /** Position of the furthest attached reader in bytes. */
  furthestBytes = 0
  /** True while the source is not pulled, because even the furthest reader is a window behind. */
  windowHeld = false
  /** Those who wait without reading: nothing is kept, produced or held back for their sake. */
  #bystanders: readonly LogSleeper[] = NOBODY
  /** Smallest seq that somebody is to be woken for. */
  #wakeAt = Infinity

  constructor(epoch: number, options: LogOptions) {
    super(epoch, options)
    this.committed = this.lastSeq
  }

  /** Whether anybody reads, here or elsewhere. */
  get attended(): boolean {
    return this.readers.size + this.remoteReaders > 0
  }

  /** A reader begins to count: the window is measured from the furthest one. */
  attach(reader: LogReader): void {
    // Where nobody read, the mark is that of somebody who left: this one may have come back further behind.
    if (!this.attended) this.furthestBytes = 0
    this.readers.add(reader)
    this.#raiseFurthest(reader.bytePosition)
    this.readersChanged()
  }

  /** A reader counts no more. */
  detach(reader: LogReader): void {
    if (!this.readers.delete(reader)) return
    this.#lowerFurthest()
    this.readersChanged()
  }

  /** Who reads is not who did, or does it in another way. */
  readersChanged(): void {
    for (const watcher of this.watchers.items) watcher.readersChanged?.()
  }

  /** How many readers other processes have, and how far the furthest of them is. */
  readElsewhere(readers: number, furthestSeq: number): void {
    const changed = this.remoteReaders !== readers
    const beforeBytes = this.#remoteBytes
    this.remoteReaders = readers
    this.#remoteBytes = readers > 0 ? this.bytesUpTo(furthestSeq) : 0
    this.#raiseFurthest(this.#remoteBytes)
    // As many as before may be others.
    if (changed || this.#remoteBytes < beforeBytes) this.#lowerFurthest()
    if (changed) this.readersChanged()
  }

  /** A reader has taken events: the producer may go on. */
  moved(reader: LogReader): void {
    this.#raiseFurthest(reader.bytePosition)
  }

  /** The window holds the source back, or does so no more. Readers that sleep over what they could take are woken. */
  holdWindow(held: boolean): void {
    if (held === this.windowHeld) return
    this.windowHeld = held
    if (held) this.wakeAll()
  }

  /** A reader, or a bystander, wants to be woken when `seq` is committed. */
  sleep(sleeper: LogSleeper, seq: number): void {
    sleeper.wakeAt = seq
    if (seq < this.#wakeAt) this.#wakeAt = seq
    if (this.committed >= seq) this.#wake()
  }

  /** From now on this one may sleep here although it does not read. It leaves by {@link leave}. */
  standBy(sleeper: LogSleeper): void {
    this.#bystanders = withOneMore(this.#bystanders, sleeper)
  }

  /** A bystander waits no more. */
  leave(sleeper: LogSleeper): void {
    this.#bystanders = this.#bystanders.filter((other) => other !== sleeper)
  }

  /** Number of committed events after `seq` that fit into `maxBytes`, at least one if there is one. */
  fitting(seq: number, maxEvents: number, maxBytes: number): { count: number; bytes: number } {
    return this.fittingUpTo(Math.min(this.committed, seq + maxEvents), seq, maxBytes)
  }

  /** The committed events after `seq`, at most `count`, neighbours merged. Nothing before `firstSeq` can be read. */
  read(seq: number, count: number): Entry[] {
    return this.entriesUpTo(Math.min(this.committed, seq + count), seq)
  }

  /** Forgets all events; positions stay known. */
  clear(): void {
    this.forget()
    this.wakeAll()
  }

  /** Everything up to `seq` may be read from now on: these are `bytes` since the stream began. */
  protected show(seq: number, bytes: number): void {
    this.committed = seq
    this.committedBytes = bytes
    if (seq >= this.#wakeAt) this.#wake()
  }

  /** What was kept after `seq` is gone: readers past it are told. */
  protected unshow(seq: number): void {
    if (this.committed > seq) {
      this.committed = seq
      this.committedBytes = this.totalBytes
    }
    for (const reader of this.readers.items) if (reader.seq > seq) reader.overtaken?.()
    this.wakeAll()
  }

  protected wakeAll(): void {
    for (const sleepers of [this.readers.items, this.#bystanders]) for (const sleeper of sleepers) wake(sleeper)
    this.#wakeAt = Infinity
  }

  #wake(): void {
    this.#wakeAt = Infinity
    this.#wakeThose(this.readers.items)
    if (this.#bystanders.length > 0) this.#wakeThose(this.#bystanders)
  }

  #wakeThose(sleepers: readonly LogSleeper[]): void {
    for (const sleeper of sleepers) {
      if (sleeper.wakeAt <= this.committed) wake(sleeper)
      else if (sleeper.wakeAt < this.#wakeAt) this.#wakeAt = sleeper.wakeAt
    }
  }

  /** Somebody has left, or is not where somebody was. With nobody there the mark stays: nothing is measured from it. */
  #lowerFurthest(): void {
    if (!this.attended) return
    let furthest = this.#remoteBytes
    for (const reader of this.readers.items) furthest = Math.max(furthest, reader.bytePosition)
    this.furthestBytes = furthest
  }

  #raiseFurthest(bytes: number): void {
    if (bytes <= this.furthestBytes) return
    this.furthestBytes = bytes
    for (const watcher of this.watchers.items) watcher.furthestMoved?.()
  }
}

function wake(sleeper: LogSleeper): void {
  sleeper.wakeAt = Infinity
  sleeper.wake()
}
