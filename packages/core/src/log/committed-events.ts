import type { Entry } from './entry.ts'
import { SmallSet } from './small-set.ts'
import { EventBuffer } from './event-buffer.ts'
import type { LogOptions } from './log-options.ts'
import type { LogReader, LogWatcher } from './log-listeners.ts'

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
  /** Smallest seq that a reader is to be woken for. */
  #wakeAt = Infinity

  constructor(epoch: number, options: LogOptions) {
    super(epoch, options)
    this.committed = this.lastSeq
  }

  /** Whether anybody reads, here or elsewhere. */
  get attended(): boolean {
    return this.readers.size + this.remoteReaders > 0
  }

  attach(reader: LogReader): void {
    // Where nobody read, the mark is that of somebody who left: this one may have come back further behind.
    if (!this.attended) this.furthestBytes = 0
    this.readers.add(reader)
    this.#raiseFurthest(reader.bytePosition)
    for (const watcher of this.watchers.items) watcher.readersChanged?.()
  }

  detach(reader: LogReader): void {
    if (!this.readers.delete(reader)) return
    this.#lowerFurthest()
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
    if (changed) for (const watcher of this.watchers.items) watcher.readersChanged?.()
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

  /** A reader wants to be woken when `seq` is committed. */
  sleep(reader: LogReader, seq: number): void {
    reader.wakeAt = seq
    if (seq < this.#wakeAt) this.#wakeAt = seq
    if (this.committed >= seq) this.#wake()
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
    for (const reader of this.readers.items) {
      reader.wakeAt = Infinity
      reader.wake()
    }
    this.#wakeAt = Infinity
  }

  #wake(): void {
    this.#wakeAt = Infinity
    for (const reader of this.readers.items) {
      if (reader.wakeAt <= this.committed) {
        reader.wakeAt = Infinity
        reader.wake()
      } else if (reader.wakeAt < this.#wakeAt) this.#wakeAt = reader.wakeAt
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
