import { BufferPool, type Buffers } from './buffer-pool.ts'
import type { Entry } from './encoder.ts'
import type { StreamEvent } from './event.ts'
import { EVENT_COST_BYTES, eventBytes } from './event-size.ts'
import { mergeInto } from './merge.ts'
import { copyOutline, createOutline, foldOutline, type Outline } from './outline.ts'
import { type Logged, Segment } from './segment.ts'
import { utf8Length } from './utf8.ts'

/** Bytes held by all logs of a process, against their common cap. */
export interface LogAccount {
  bytes: number
  /** Called when a log has grown by about a segment. */
  grown?(): void
}

const MAX_SEGMENT_BYTES = 16 * 1024
/** A head that is trimmed goes in steps of at most this part of what is kept. */
const SEGMENTS_PER_RETENTION = 16

/** The events a log keeps, packed in segments, under the seqs they were given; its head may be gone. */
export class KeptEvents implements Buffers {
  /** Epoch of what is pushed next. */
  epoch: number
  firstSeq: number
  lastSeq: number
  /** Bytes charged for all events, since the stream began. */
  totalBytes = 0
  /** Bytes kept. */
  bytes = 0
  /** Epoch of the last event that was trimmed. */
  #trimmedEpoch: number
  #segments: Segment[] = []
  /** The segment that grows: the last one. */
  #tail: Segment | undefined
  /** What was trimmed, folded. */
  #outline: Outline | undefined
  /** Made when first needed: most logs hold no long text. */
  #buffers: BufferPool | undefined
  readonly #segmentBytes: number
  #account: LogAccount | undefined

  /** Begins after `seq`, which was written in `trimmedEpoch`. */
  constructor(epoch: number, after: { seq: number; epoch: number }, retentionBytes: number, account?: LogAccount) {
    this.epoch = epoch
    this.firstSeq = after.seq + 1
    this.lastSeq = after.seq
    this.#trimmedEpoch = after.epoch
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(retentionBytes / SEGMENTS_PER_RETENTION))
    this.#account = account
  }

  protected push(event: Logged): void {
    const bytes = typeof event === 'string' ? utf8Length(event) + EVENT_COST_BYTES : eventBytes(event)
    let segment = this.#tail
    if (!segment || segment.epoch !== this.epoch || !segment.takes(event, bytes, this.#segmentBytes)) {
      segment = this.#roll(segment)
    }
    segment.push(event, bytes, this)
    this.lastSeq++
    this.bytes += bytes
    this.totalBytes += bytes
    if (this.#account) this.#account.bytes += bytes
  }

  /** No more will be pushed. */
  protected seal(): void {
    this.#tail?.seal(this)
  }

  /** Forgets everything after `seq`. */
  protected cut(seq: number): void {
    while ((this.#segments.at(-1)?.firstSeq ?? 0) > seq) this.#dropTail()
    const torn = this.#segments.at(-1)
    // What is left is packed, and takes nothing more: what comes next begins a segment.
    this.#tail = undefined
    if (torn && torn.firstSeq + torn.count - 1 > seq) {
      const kept = Array.from({ length: seq - torn.firstSeq + 1 }, (_, index) => torn.at(index))
      this.#dropTail()
      this.lastSeq = torn.firstSeq - 1
      const { epoch } = this
      this.epoch = torn.epoch
      this.#roll(undefined)
      for (const event of kept) this.push(event)
      this.epoch = epoch
    }
    this.lastSeq = seq
    this.firstSeq = Math.min(this.firstSeq, seq + 1)
  }

  /** Forgets the oldest segment if `may` says so of where it ends; the last one stays. */
  protected trimHead(may: (lastSeq: number, endBytes: number) => boolean): boolean {
    const head = this.#segments[0]
    if (!head || this.#segments.length === 1) return false
    const lastSeq = head.firstSeq + head.count - 1
    if (!may(lastSeq, head.startBytes + head.bytes)) return false
    this.#segments.shift()
    foldSegment((this.#outline ??= createOutline()), head)
    if (!head.plain) head.visit(0, head.count, (event) => this.trimmed(event))
    head.release(this)
    this.firstSeq = lastSeq + 1
    this.#trimmedEpoch = head.epoch
    this.bytes -= head.bytes
    if (this.#account) this.#account.bytes -= head.bytes
    return true
  }

  /** An event that is no plain text goes with the head. */
  protected trimmed(_event: Logged): boolean {
    return true
  }

  /** Forgets all events; positions stay known. */
  protected forget(): void {
    if (this.#account) this.#account.bytes -= this.bytes
    this.bytes = 0
    this.#trimmedEpoch = this.epochOf(this.lastSeq)
    this.#segments = []
    this.#tail = undefined
    this.firstSeq = this.lastSeq + 1
  }

  /** Whoever keeps this log lets go of it: its bytes are not counted any more. */
  leaveAccount(): void {
    if (this.#account) this.#account.bytes -= this.bytes
    this.#account = undefined
  }

  /** Bytes charged for all events up to and including `seq`. */
  bytesUpTo(seq: number): number {
    if (seq >= this.lastSeq) return this.totalBytes
    if (seq < this.firstSeq) return this.#segments[0]?.startBytes ?? this.totalBytes
    const segment = this.#segments[this.#find(seq)]!
    let bytes = segment.startBytes
    segment.visitBytes(0, seq - segment.firstSeq + 1, (size) => (bytes += size) > 0)
    return bytes
  }

  /** Number of events after `seq` and up to `until` that fit into `maxBytes`, at least one if there is one. */
  protected fittingUpTo(until: number, seq: number, maxBytes: number): { count: number; bytes: number } {
    let count = 0
    let bytes = 0
    const fits = (size: number): boolean => {
      if (count > 0 && bytes + size > maxBytes) return false
      count++
      bytes += size
      return true
    }
    this.#eachSegment(seq, until, (segment, from, to) => segment.visitBytes(from, to, fits))
    return { count, bytes }
  }

  /** The events after `seq` and up to `until`, neighbours merged. Nothing before `firstSeq` can be read. */
  protected entriesUpTo(until: number, seq: number): Entry[] {
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

  /** The events `from` to `to`, as they were appended, shown or not: what a store is given. */
  slice(from: number, to: number): Logged[] {
    const events: Logged[] = []
    this.#visit(from - 1, Math.min(to, this.lastSeq), (event) => events.push(event) > 0)
    return events
  }

  /** Calls `visit` with each event in `after` < seq ≤ `until`, until it gives `false`. */
  #visit(after: number, until: number, visit: (event: Logged) => boolean): void {
    this.#eachSegment(after, until, (segment, from, to) => segment.visit(from, to, visit))
  }

  /** Calls `visit` with each segment that has some of these events, and which of its own they are. */
  #eachSegment(after: number, until: number, visit: (segment: Segment, from: number, to: number) => boolean): void {
    for (let at = Math.max(after + 1, this.firstSeq); at <= until;) {
      const segment = this.#segments[this.#find(at)]!
      const to = Math.min(segment.count, until - segment.firstSeq + 1)
      if (!visit(segment, at - segment.firstSeq, to)) return
      at = segment.firstSeq + to
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

  /** @internal */
  take(bytes: number): Uint8Array {
    return (this.#buffers ??= new BufferPool()).take(bytes)
  }

  /** @internal */
  give(buffer: Uint8Array): void {
    this.#buffers?.give(buffer)
  }

  #roll(full: Segment | undefined): Segment {
    full?.seal(this)
    this.#account?.grown?.()
    const segment = new Segment(this.lastSeq + 1, this.epoch, this.totalBytes)
    if (this.#segments.length === 0) this.#segments = [segment]
    else this.#segments.push(segment)
    this.#tail = segment
    return segment
  }

  #dropTail(): void {
    const segment = this.#segments.pop()!
    segment.release(this)
    this.bytes -= segment.bytes
    this.totalBytes = segment.startBytes
    if (this.#account) this.#account.bytes -= segment.bytes
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
