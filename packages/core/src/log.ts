import { BufferPool } from './buffer-pool.ts'
import { createOutline, copyOutline, foldOutline, type Outline } from './outline.ts'
import type { Entry } from './encoder.ts'
import { type EndEvent, type FinishReason, isTextual, type StreamEvent, type Usage } from './event.ts'
import { Few } from './few.ts'
import { EVENT_COST_BYTES, eventBytes } from './event-size.ts'
import type { Json } from './json.ts'
import { mergeInto } from './merge.ts'
import { type Logged, Segment } from './segment.ts'
import { utf8Length } from './utf8.ts'

/** Someone who reads a log: told when it has what was asked for. */
export interface LogReader {
  /** Smallest seq this reader wants to be woken for; `Infinity` when it waits for something else. */
  wakeAt: number
  /** Bytes charged for everything this reader has taken, since the stream began. */
  readonly bytePosition: number
  wake(): void
}

/** Someone who must know what happens to a log as a whole: its producer, its store. */
export interface LogWatcher {
  readersChanged?(): void
  furthestMoved?(): void
  ended?(end: EndEvent): void
  /** A message for the source. `false`: not taken. */
  message?(message: Json): boolean
}

/** Bytes held by all logs of a process, against their common cap. */
export interface LogAccount {
  bytes: number
  /** Called when a log has grown by about a segment. */
  grown?(): void
}

/** Limits of a log. */
export interface LogOptions {
  retentionBytes: number
  account?: LogAccount | undefined
}

const MAX_SEGMENT_BYTES = 16 * 1024
/** A head that is trimmed goes in steps of at most this part of what is kept. */
const SEGMENTS_PER_RETENTION = 16

/**
 * One stream's record in this process: events with seqs 1, 2, 3 …, never skipped, ending with one `end`.
 * Readers are shown what is committed. Over the retention cap the head is trimmed.
 */
export class Log {
  readonly streamId: string
  epoch: number
  firstSeq = 1
  lastSeq = 0
  /** Everything up to here may be shown to readers. */
  committed = 0
  /** Bytes charged for all events up to `committed`, since the stream began. */
  committedBytes = 0
  /** Bytes charged for all events, since the stream began. */
  totalBytes = 0
  /** Bytes kept. */
  bytes = 0
  end: EndEvent | undefined
  /** The latest token counts the source gave. */
  usage: Usage | undefined
  /** Why choice 0 finished, if the source said so. */
  finishReason: FinishReason | undefined
  readonly readers: Few<LogReader> = new Few()
  readonly watchers: Few<LogWatcher> = new Few()
  /** Position of the furthest attached reader in bytes. */
  furthestBytes = 0
  #wakeAt = Infinity
  #otherEvents = 0
  /** Epoch of the last event that was trimmed. */
  #trimmedEpoch = 0
  #segments: Segment[] = []
  /** The segment that grows: the last one. */
  #tail: Segment | undefined
  /** What was trimmed, folded. */
  #outline: Outline | undefined
  readonly #pool: BufferPool = new BufferPool()
  readonly #retentionBytes: number
  readonly #segmentBytes: number
  readonly #account: LogAccount | undefined

  constructor(streamId: string, epoch: number, options: LogOptions) {
    this.streamId = streamId
    this.epoch = epoch
    this.#retentionBytes = options.retentionBytes
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(options.retentionBytes / SEGMENTS_PER_RETENTION))
    this.#account = options.account
  }

  /** Takes the next event, commits it and wakes who waits for it. `false`: the log has ended, nothing was taken. */
  append(event: Logged): boolean {
    if (this.end) return false
    const bytes = typeof event === 'string' ? utf8Length(event) + EVENT_COST_BYTES : eventBytes(event)
    let segment = this.#tail
    if (!segment || segment.epoch !== this.epoch || !segment.takes(event, bytes, this.#segmentBytes)) {
      segment = this.#roll(segment)
    }
    segment.push(event, bytes, this.#pool)
    this.lastSeq++
    this.bytes += bytes
    this.totalBytes += bytes
    if (this.#account) this.#account.bytes += bytes
    this.committed = this.lastSeq
    this.committedBytes = this.totalBytes
    if (typeof event !== 'string') this.#note(event)
    if (this.bytes > this.#retentionBytes) this.#trim()
    if (this.committed >= this.#wakeAt) this.#wake()
    return true
  }

  /** Pieces of text the source has given: what its output is estimated from when it could not tell. */
  get tokens(): number {
    return this.lastSeq - this.#otherEvents
  }

  attach(reader: LogReader): void {
    this.readers.add(reader)
    this.#raiseFurthest(reader.bytePosition)
    for (const watcher of this.watchers.items) watcher.readersChanged?.()
  }

  detach(reader: LogReader): void {
    if (!this.readers.delete(reader)) return
    let furthest = 0
    for (const other of this.readers.items) furthest = Math.max(furthest, other.bytePosition)
    if (this.readers.size > 0) this.furthestBytes = furthest
    for (const watcher of this.watchers.items) watcher.readersChanged?.()
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

  /** Bytes charged for all events up to and including `seq`. */
  bytesUpTo(seq: number): number {
    if (seq >= this.lastSeq) return this.totalBytes
    if (seq < this.firstSeq) return this.#segments[0]?.startBytes ?? this.totalBytes
    const segment = this.#segments[this.#find(seq)]!
    let bytes = segment.startBytes
    for (let index = 0; index <= seq - segment.firstSeq; index++) bytes += eventBytes(segment.at(index))
    return bytes
  }

  /** Number of events after `seq` that fit into `maxBytes`, at least one if there is one. */
  fitting(seq: number, maxEvents: number, maxBytes: number): { count: number; bytes: number } {
    let count = 0
    let bytes = 0
    this.#visit(seq, Math.min(this.committed, seq + maxEvents), (event) => {
      const size = eventBytes(event)
      if (count > 0 && bytes + size > maxBytes) return false
      count++
      bytes += size
      return true
    })
    return { count, bytes }
  }

  /** The committed events after `seq`, at most `count`, neighbours merged. Nothing before `firstSeq` can be read. */
  read(seq: number, count: number): Entry[] {
    const until = Math.min(this.committed, seq + count)
    const chunk: Entry[] = []
    for (let at = seq + 1; at <= until;) {
      const segment = this.#segments[this.#find(at)]!
      const from = at - segment.firstSeq
      const to = Math.min(segment.count, until - segment.firstSeq + 1)
      at = segment.firstSeq + to
      const text = segment.plainText(from, to)
      if (text !== undefined) {
        mergeInto(chunk, { type: 'text', text }, segment.epoch, segment.firstSeq + to - 1)
      } else {
        for (let index = from; index < to; index++) {
          mergeInto(chunk, toEvent(segment.at(index)), segment.epoch, segment.firstSeq + index)
        }
      }
    }
    return chunk
  }

  /** Calls `visit` with each committed event in `after` < seq ≤ `until`, until it gives `false`. */
  #visit(after: number, until: number, visit: (event: Logged, seq: number) => boolean): void {
    let at = Math.max(after + 1, this.firstSeq)
    while (at <= until) {
      const segment = this.#segments[this.#find(at)]!
      for (let index = at - segment.firstSeq; index < segment.count && at <= until; index++, at++) {
        if (!visit(segment.at(index), at)) return
      }
    }
  }

  /** What happened up to `seq`, folded. */
  outlineAt(seq: number): Outline {
    const outline = this.#outline ? copyOutline(this.#outline) : createOutline()
    this.#visit(this.firstSeq - 1, Math.min(seq, this.lastSeq), (event) => {
      foldOutline(outline, toEvent(event))
      return true
    })
    return outline
  }

  /** Epoch in which `seq` was written; also known of the last one that was trimmed. */
  epochOf(seq: number): number {
    if (seq > this.lastSeq || seq < this.firstSeq - 1) return this.epoch
    if (seq === this.firstSeq - 1) return this.#trimmedEpoch || (this.#segments[0]?.epoch ?? this.epoch)
    return this.#segments[this.#find(seq)]!.epoch
  }

  /** Forgets all events; positions stay known. */
  clear(): void {
    if (this.#account) this.#account.bytes -= this.bytes
    this.bytes = 0
    this.#trimmedEpoch = this.epochOf(this.lastSeq)
    this.#segments = []
    this.#tail = undefined
    this.firstSeq = this.lastSeq + 1
    this.#wakeAll()
  }

  #roll(full: Segment | undefined): Segment {
    full?.seal(this.#pool)
    this.#account?.grown?.()
    const segment = new Segment(this.lastSeq + 1, this.epoch, this.totalBytes)
    if (this.#segments.length === 0) this.#segments = [segment]
    else this.#segments.push(segment)
    this.#tail = segment
    return segment
  }

  #trim(): void {
    while (this.bytes > this.#retentionBytes && this.#segments.length > 1) {
      const head = this.#segments[0]!
      // The reader that the window is measured from is never overtaken: it is at most a window behind.
      if (this.readers.size > 0 && head.startBytes + head.bytes > this.furthestBytes) return
      this.#segments.shift()
      foldSegment((this.#outline ??= createOutline()), head)
      head.release(this.#pool)
      this.firstSeq = head.firstSeq + head.count
      this.#trimmedEpoch = head.epoch
      this.bytes -= head.bytes
      if (this.#account) this.#account.bytes -= head.bytes
    }
  }

  #note(event: StreamEvent): void {
    if (!isTextual(event)) this.#otherEvents++
    if (event.type === 'usage') this.usage = event.usage
    if (event.type === 'finish' && !event.choice) this.finishReason = event.reason
    if (event.type === 'end') this.#finish(event)
  }

  #finish(end: EndEvent): void {
    this.end = end
    this.#tail!.seal(this.#pool)
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

  #find(seq: number): number {
    const segments = this.#segments
    let low = 0
    let high = segments.length - 1
    if (high >= 0 && segments[high]!.firstSeq <= seq) return high
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (segments[middle]!.firstSeq <= seq) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** A run of plain text changes an outline no more than one piece of it. */
function foldSegment(outline: Outline, segment: Segment): void {
  if (segment.plain) return foldOutline(outline, { type: 'text', text: '' })
  for (let index = 0; index < segment.count; index++) foldOutline(outline, toEvent(segment.at(index)))
}

function toEvent(event: Logged): StreamEvent {
  return typeof event === 'string' ? { type: 'text', text: event } : event
}
