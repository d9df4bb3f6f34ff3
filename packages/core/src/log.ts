import type { Entry } from './encoder.ts'
import type { EndEvent, FinishReason, StreamEvent, Usage } from './event.ts'
import { Few } from './few.ts'
import { KeptEvents } from './kept-events.ts'
import { LogBacking, type LogFollower } from './log-backing.ts'
import type { LogOptions } from './log-options.ts'
import type { LogReader, LogWatcher } from './log-parties.ts'
import { LogSummary } from './log-summary.ts'
import type { ClosedCode } from './notice.ts'
import type { Logged } from './segment.ts'

/**
 * One stream's record in this process: events with seqs 1, 2, 3 …, never skipped, ending with one `end`.
 * Readers are shown what is committed. Over the retention cap the head is trimmed.
 */
export class Log extends KeptEvents {
  readonly streamId: string
  /** Everything up to here may be shown to readers. */
  committed: number
  /** Bytes charged for all events up to `committed`, since the stream began. */
  committedBytes = 0
  /** The store's side, where there is one. */
  #backing: LogBacking | undefined
  /** Why nothing more can be read here, if so. */
  lost: ClosedCode | undefined
  end: EndEvent | undefined
  readonly readers: Few<LogReader> = new Few()
  readonly watchers: Few<LogWatcher> = new Few()
  /** Position of the furthest attached reader in bytes. */
  furthestBytes = 0
  /** The end, appended and not yet in the store. */
  #ending: EndEvent | undefined
  #wakeAt = Infinity
  #summary: LogSummary | undefined
  readonly #retentionBytes: number

  constructor(streamId: string, epoch: number, options: LogOptions) {
    super(epoch, options)
    const { retentionBytes, from, followed, shows } = options
    const seq = this.lastSeq
    this.streamId = streamId
    this.#retentionBytes = retentionBytes
    this.committed = seq
    if (followed || shows) this.#backing = new LogBacking(followed ? seq : Infinity, followed ? 0 : Infinity)
    if (shows) this.#backing!.shows = shows
    if (from?.usage) this.#summary = new LogSummary(from.usage)
    this.end = from?.end
  }

  /** Takes the next event and, where that is all it needs, shows it. `false`: the log has ended, nothing was taken. */
  append(event: Logged): boolean {
    if (this.end || this.#ending || this.lost) return false
    this.push(event)
    if (typeof event !== 'string') this.#note(event)
    if (!this.#backing) this.#show(this.lastSeq, this.totalBytes)
    else this.#appended(this.#backing)
    if (this.bytes > this.#retentionBytes) this.#trim()
    return true
  }

  #appended({ shows, follower }: LogBacking): void {
    if (shows === 'appended') this.#show(this.lastSeq, this.totalBytes)
    follower?.appended()
  }

  /** Everything up to here is in the store; `Infinity` where the log itself is the record, or is fed by the store. */
  get stored(): number {
    return this.#backing?.stored ?? Infinity
  }

  /** Bytes charged for all events up to `stored`. */
  get storedBytes(): number {
    return this.#backing?.storedBytes ?? Infinity
  }

  /** Readers in other processes. */
  get remoteReaders(): number {
    return this.#backing?.remoteReaders ?? 0
  }

  /** True while the log runs ahead of its store. */
  get withholds(): boolean {
    return this.#backing?.withholds ?? false
  }

  /** A store begins to feed this log, or has done with it. */
  follow(follower: LogFollower | undefined): void {
    this.#backing ??= new LogBacking(Infinity, Infinity)
    this.#backing.follower = follower
  }

  /** From here on events are appended here, as `epoch`, after all that the store has. */
  produce(epoch: number, shows: 'appended' | 'stored', follower: LogFollower): void {
    this.epoch = epoch
    const { remoteReaders = 0, remoteBytes = 0 } = this.#backing ?? {}
    this.#backing = new LogBacking(this.lastSeq, this.totalBytes)
    Object.assign(this.#backing, { shows, follower, remoteReaders, remoteBytes })
  }

  /** Adds a watcher that must hear of the end, though nobody reads. */
  watch(watcher: LogWatcher): void {
    this.watchers.add(watcher)
    this.#backing?.follower?.watched?.()
  }

  /** The store has everything up to `seq`. */
  storedUpTo(seq: number): void {
    const backing = this.#backing
    if (!backing) return
    backing.stored = seq
    backing.storedBytes = this.bytesUpTo(seq)
    if (backing.withholds && backing.shows === 'stored' && seq >= this.committed) backing.withholds = false
    if (seq > this.committed) this.#show(seq, backing.storedBytes)
    for (const watcher of this.watchers.items) watcher.furthestMoved?.()
    this.#trim()
  }

  /** The store does not answer: what it does not have is shown all the same, without cursors. */
  runAhead(): void {
    if (!this.#backing) return
    this.#backing.withholds = true
    this.#backing.shows = 'appended'
    this.#show(this.lastSeq, this.totalBytes)
  }

  /** The store answers again: from now on it comes first. What was shown before it had it has no cursor until it has. */
  fallIn(shows: 'appended' | 'stored'): void {
    const backing = this.#backing
    if (!backing) return
    backing.shows = shows
    backing.withholds = shows === 'stored' && backing.stored < this.committed
  }

  /** Takes back what was appended after `seq`: the store has something else there. Readers past it are told. */
  rewind(seq: number): void {
    if (seq >= this.lastSeq || this.end) return
    this.#ending = undefined
    this.#unnote(seq)
    this.cut(seq)
    const backing = this.#backing
    if (backing && backing.stored > seq && backing.stored !== Infinity) {
      backing.stored = seq
      backing.storedBytes = this.totalBytes
    }
    if (this.committed > seq) {
      this.committed = seq
      this.committedBytes = this.totalBytes
    }
    for (const reader of this.readers.items) if (reader.seq > seq) reader.overtaken?.()
    this.#wakeAll()
  }

  /** Nothing more can be read here: readers are told `code`, and the producer, if it is here, stops. */
  lose(code: ClosedCode): void {
    if (this.lost || this.end) return
    this.lost = code
    const watchers = this.watchers.items
    for (const watcher of watchers) watcher.lost?.(code)
    this.#wakeAll()
  }

  /** How many readers other processes have, and how far the furthest of them is. */
  readElsewhere(readers: number, furthestSeq: number): void {
    const backing = (this.#backing ??= new LogBacking(Infinity, Infinity))
    const changed = backing.remoteReaders !== readers
    backing.remoteReaders = readers
    backing.remoteBytes = readers > 0 ? this.bytesUpTo(furthestSeq) : 0
    this.#raiseFurthest(backing.remoteBytes)
    if (!changed) return
    if (this.attended) this.#measureFurthest()
    for (const watcher of this.watchers.items) watcher.readersChanged?.()
  }

  /** Whether anybody reads, here or elsewhere. */
  get attended(): boolean {
    return this.readers.size + this.remoteReaders > 0
  }

  /** True once the end was appended, whether or not the store has it. */
  get ending(): boolean {
    return this.end !== undefined || this.#ending !== undefined
  }

  #show(seq: number, bytes: number): void {
    this.committed = seq
    this.committedBytes = bytes
    if (this.#ending && seq === this.lastSeq) this.#finish(this.#ending)
    if (seq >= this.#wakeAt) this.#wake()
  }

  /** Pieces of text the source has given: what its output is estimated from when it could not tell. */
  get tokens(): number {
    return this.lastSeq - (this.#summary?.otherEvents ?? 0)
  }

  /** The latest token counts the source gave. */
  get usage(): Usage | undefined {
    return this.#summary?.usage
  }

  /** Why choice 0 finished, if the source said so. */
  get finishReason(): FinishReason | undefined {
    return this.#summary?.finishReason
  }

  attach(reader: LogReader): void {
    this.readers.add(reader)
    this.#raiseFurthest(reader.bytePosition)
    for (const watcher of this.watchers.items) watcher.readersChanged?.()
  }

  detach(reader: LogReader): void {
    if (!this.readers.delete(reader)) return
    if (this.attended) this.#measureFurthest()
    for (const watcher of this.watchers.items) watcher.readersChanged?.()
  }

  #measureFurthest(): void {
    let furthest = this.#backing?.remoteBytes ?? 0
    for (const reader of this.readers.items) furthest = Math.max(furthest, reader.bytePosition)
    this.furthestBytes = furthest
  }

  /** A reader wants to be woken when `seq` is committed. */
  sleep(reader: LogReader, seq: number): void {
    reader.wakeAt = seq
    if (seq < this.#wakeAt) this.#wakeAt = seq
    if (this.committed >= seq) this.#wake()
  }

  /** A reader has taken events: the producer may go on. */
  moved(reader: LogReader): void {
    this.#raiseFurthest(reader.bytePosition)
  }

  /** Number of committed events after `seq` that fit into `maxBytes`, at least one if there is one. */
  fitting(seq: number, maxEvents: number, maxBytes: number): { count: number; bytes: number } {
    return this.fittingUpTo(Math.min(this.committed, seq + maxEvents), seq, maxBytes)
  }

  /** The committed events after `seq`, at most `count`, neighbours merged. Nothing before `firstSeq` can be read. */
  read(seq: number, count: number): Entry[] {
    const chunk = this.entriesUpTo(Math.min(this.committed, seq + count), seq)
    const backing = this.#backing
    if (backing?.withholds) for (const entry of chunk) if (entry.seq > backing.stored) entry.withheld = true
    return chunk
  }

  /** Forgets all events; positions stay known. */
  clear(): void {
    this.forget()
    this.#wakeAll()
  }

  #trim(): void {
    if (this.bytes <= this.#retentionBytes) return
    // The reader that the window is measured from is never overtaken: it is at most a window behind.
    const may = (lastSeq: number, endBytes: number): boolean =>
      lastSeq <= this.stored && (!this.attended || endBytes <= this.furthestBytes)
    while (this.bytes > this.#retentionBytes && this.trimHead(may));
  }

  #note(event: StreamEvent): void {
    this.#summary ??= new LogSummary()
    this.#summary.note(event)
    if (event.type === 'end') this.#ending = event
  }

  /** What is taken back after `seq` is not counted any more, nor remembered. */
  #unnote(seq: number): void {
    const gone = this.slice(seq + 1, this.lastSeq).filter((event) => typeof event !== 'string')
    if (gone.length === 0) return
    const left = this.slice(this.firstSeq, seq).filter((event) => typeof event !== 'string')
    this.#summary?.takeBack(gone, this.head?.summary, left)
  }

  #finish(end: EndEvent): void {
    this.end = end
    this.#ending = undefined
    this.seal()
    const watchers = this.watchers.items
    this.watchers.clear()
    for (const watcher of watchers) watcher.ended?.(end)
    this.#wakeAll()
  }

  #raiseFurthest(bytes: number): void {
    if (bytes <= this.furthestBytes) return
    this.furthestBytes = bytes
    for (const watcher of this.watchers.items) watcher.furthestMoved?.()
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

  #wakeAll(): void {
    for (const reader of this.readers.items) {
      reader.wakeAt = Infinity
      reader.wake()
    }
    this.#wakeAt = Infinity
  }
}
