import { BufferPool, type Buffers } from './buffers/buffer-pool.ts'
import type { Entry } from './entry.ts'
import { EVENT_COST_BYTES, eventBytes, isPieceOfText } from '../events/event-size.ts'
import type { LogAccount, LogOptions } from './log-options.ts'
import { copyResumeState, createResumeState, foldResumeState, type ResumeState } from '../events/resume-state.ts'
import { type Logged, Segment, toEvent } from './segment.ts'
import { bytesUpTo, countFitting, mergedEntries, segmentWith, visitEvents, visitOutlines } from './segment-list.ts'
import { TrimmedHead } from './trimmed-head.ts'
import { utf8Length } from '../events/utf8.ts'

const MAX_SEGMENT_BYTES = 16 * 1024
/** A head that is trimmed goes in steps of at most this part of what is kept. */
const SEGMENTS_PER_RETENTION = 16

/** The events a log keeps, packed in segments, under the seqs they were given; its head may be gone. */
export class EventBuffer implements Buffers {
  /** Epoch of what is pushed next. */
  epoch: number
  firstSeq: number
  lastSeq: number
  /** Bytes charged for all events, since the stream began. */
  totalBytes = 0
  /** Bytes charged for the events that are kept: what retention bounds. */
  bytes = 0
  /** Bytes that all of this takes: the events as they are held, and what the stream takes beside them. */
  heldBytes = 0
  /** Epoch of the last event that was trimmed. */
  #trimmedEpoch: number
  #segments: Segment[] = []
  /** The segment that grows: the last one. */
  #tail: Segment | undefined
  /** Made when first needed. */
  protected head: TrimmedHead | undefined
  /** Made when first needed: most logs hold no long text. */
  #buffers: BufferPool | undefined
  readonly #segmentBytes: number
  #account: LogAccount | undefined
  /** Of {@link heldBytes}, what is given back with the end. */
  #runningBytes = 0

  constructor(epoch: number, { retentionBytes, account, from, streamBytes = 0 }: LogOptions) {
    const seq = from?.seq ?? 0
    this.epoch = epoch
    this.firstSeq = seq + 1
    this.lastSeq = seq
    this.#trimmedEpoch = from?.epoch ?? 0
    if (from?.usage) this.head = new TrimmedHead(from.usage)
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(retentionBytes / SEGMENTS_PER_RETENTION))
    this.#account = account
    this.#hold(streamBytes)
  }

  /** It runs in this process: that takes so much until it has ended. */
  chargeRunning(bytes: number): void {
    this.#runningBytes += bytes
    this.#hold(bytes)
  }

  protected push(event: Logged): void {
    // Written out once: a large event is measured and packed as this text.
    const json = typeof event === 'string' || isPieceOfText(event) ? undefined : JSON.stringify(event)
    const bytes = json === undefined ? eventBytes(event) : utf8Length(json) + EVENT_COST_BYTES
    let segment = this.#tail
    if (!segment || segment.epoch !== this.epoch || !segment.takes(event, bytes, this.#segmentBytes)) {
      segment = this.#roll(segment)
    }
    const held = segment.heldBytes
    segment.push(event, bytes, this, json)
    this.lastSeq++
    this.bytes += bytes
    this.totalBytes += bytes
    this.#hold(segment.heldBytes - held)
  }

  /** No more will be pushed. */
  protected seal(): void {
    if (this.#tail) this.#seal(this.#tail)
    if (this.#buffers) {
      this.#hold(-this.#buffers.heldBytes)
      this.#buffers.clear()
    }
    this.#hold(-this.#runningBytes)
    this.#runningBytes = 0
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
    this.#foldHead(head, lastSeq)
    head.release(this)
    this.bytes -= head.bytes
    this.#hold(-head.heldBytes)
    return true
  }

  /** Forgets what is before `seq`, whole segments for good: the others only count as gone. The last event stays. */
  protected trimBefore(seq: number): void {
    const first = Math.min(seq, this.lastSeq)
    while (this.trimHead((lastSeq) => lastSeq < first));
    const head = this.#segments[0]
    if (head && first > this.firstSeq) this.#foldHead(head, first - 1)
  }

  /** Forgets all events; positions stay known. */
  protected forget(): void {
    this.#hold(-this.heldBytes)
    this.#runningBytes = 0
    this.#buffers = undefined
    this.bytes = 0
    this.#trimmedEpoch = this.epochOf(this.lastSeq)
    this.#segments = []
    this.#tail = undefined
    this.firstSeq = this.lastSeq + 1
  }

  /** Whoever keeps this log lets go of it: its bytes are not counted any more. */
  leaveAccount(): void {
    if (this.#account) this.#account.bytes -= this.heldBytes
    this.#account = undefined
  }

  /** Bytes charged for all events up to and including `seq`. */
  bytesUpTo(seq: number): number {
    if (seq >= this.lastSeq) return this.totalBytes
    const head = this.#segments[0]
    if (!head || seq < head.firstSeq) return head?.startBytes ?? this.totalBytes
    return bytesUpTo(this.#segments, seq)
  }

  /** Number of events after `seq` and up to `until` that fit into `maxBytes`, at least one if there is one. */
  protected fittingUpTo(until: number, seq: number, maxBytes: number): { count: number; bytes: number } {
    return countFitting(this.#segments, seq, until, maxBytes)
  }

  /** The events after `seq` and up to `until`, neighbours merged. Nothing before `firstSeq` can be read. */
  protected entriesUpTo(until: number, seq: number): Entry[] {
    return mergedEntries(this.#segments, seq, until)
  }

  /** The events `from` to `to`, as they were appended, shown or not: what a store is given. */
  slice(from: number, to: number): Logged[] {
    const events: Logged[] = []
    visitEvents(this.#segments, from - 1, Math.min(to, this.lastSeq), (event) => events.push(event) > 0)
    return events
  }

  /** What happened up to `seq`, folded. */
  resumeStateAt(seq: number): ResumeState {
    const resumeState = this.head ? copyResumeState(this.head.resumeState) : createResumeState()
    visitOutlines(this.#segments, this.firstSeq - 1, Math.min(seq, this.lastSeq), (event) => {
      foldResumeState(resumeState, toEvent(event))
      return true
    })
    return resumeState
  }

  /** Epoch in which `seq` was written; also known of the last one that was trimmed. */
  epochOf(seq: number): number {
    if (seq > this.lastSeq || seq < this.firstSeq - 1) return this.epoch
    if (seq === this.firstSeq - 1) return this.#trimmedEpoch || (this.#segments[0]?.epoch ?? this.epoch)
    return segmentWith(this.#segments, seq).epoch
  }

  /** @internal */
  take(bytes: number): Uint8Array {
    const buffers = (this.#buffers ??= new BufferPool())
    const held = buffers.heldBytes
    const buffer = buffers.take(bytes)
    this.#hold(buffers.heldBytes - held)
    return buffer
  }

  /** @internal */
  give(buffer: Uint8Array): void {
    if (!this.#buffers) return
    const held = this.#buffers.heldBytes
    this.#buffers.give(buffer)
    this.#hold(this.#buffers.heldBytes - held)
  }

  #hold(bytes: number): void {
    this.heldBytes += bytes
    if (this.#account) this.#account.bytes += bytes
  }

  #seal(segment: Segment): void {
    const held = segment.heldBytes
    segment.seal(this)
    this.#hold(segment.heldBytes - held)
  }

  /** What `head` has up to `lastSeq` is known only as a whole from now on. */
  #foldHead(head: Segment, lastSeq: number): void {
    this.head ??= new TrimmedHead()
    this.head.add(head, this.firstSeq - head.firstSeq, lastSeq + 1 - head.firstSeq)
    this.firstSeq = lastSeq + 1
    this.#trimmedEpoch = head.epoch
  }

  #roll(full: Segment | undefined): Segment {
    if (full) this.#seal(full)
    this.#account?.grown?.()
    const segment = new Segment(this.lastSeq + 1, this.epoch, this.totalBytes)
    this.#hold(segment.heldBytes)
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
    this.#hold(-segment.heldBytes)
  }
}
