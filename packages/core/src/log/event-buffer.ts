import type { Entry } from './entry.ts'
import { EVENT_COST_BYTES, eventBytes, isPieceOfText } from '../events/event-size.ts'
import type { LogAccount, LogOptions } from './log-options.ts'
import { copyResumeState, createResumeState, foldResumeState, type ResumeState } from '../events/resume-state.ts'
import { HeldBytes } from './buffers/held-bytes.ts'
import { type Logged, Segment, toEvent } from './segment.ts'
import { bytesUpTo, countFitting, mergedEntries, segmentWith, visitEvents, visitOutlines } from './segment-list.ts'
import { headUnknown, TrimmedHead } from './trimmed-head.ts'
import { utf8Length } from '../events/utf8.ts'

const MAX_SEGMENT_BYTES = 16 * 1024
/** A head that is trimmed goes in steps of at most this part of what is kept. */
const SEGMENTS_PER_RETENTION = 16

/** The events a log keeps, packed in segments, under the seqs they were given; its head may be gone. */
export class EventBuffer {
  /** Epoch of what is pushed next. */
  epoch: number
  firstSeq: number
  lastSeq: number
  /** Bytes charged for all events, since the stream began. */
  totalBytes = 0
  /** Bytes charged for the events that are kept: what retention bounds. */
  bytes = 0
  /** Epoch of the last event that was trimmed. */
  #trimmedEpoch: number
  #segments: Segment[] = []
  /** The segment that grows: the last one. */
  #tail: Segment | undefined
  /** Made when first needed. */
  protected head: TrimmedHead | undefined
  /** False where this log begins late, and nothing is known of what came before. */
  readonly #isHeadKnown: boolean
  readonly #segmentBytes: number
  readonly #held: HeldBytes

  constructor(epoch: number, { retentionBytes, account, from, streamBytes = 0 }: LogOptions) {
    const seq = from?.seq ?? 0
    this.epoch = epoch
    this.firstSeq = seq + 1
    this.lastSeq = seq
    this.#trimmedEpoch = from?.epoch ?? 0
    if (from?.head || from?.usage) this.head = new TrimmedHead(from.head ?? { usage: from.usage })
    this.#isHeadKnown = seq === 0 || from?.head !== undefined
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(retentionBytes / SEGMENTS_PER_RETENTION))
    this.#held = new HeldBytes(account, streamBytes)
  }

  /** Bytes that all of this takes: the events as they are held, and what the stream takes beside them. */
  get heldBytes(): number {
    return this.#held.bytes
  }

  /** It runs in this process: that takes so much until it has ended. */
  chargeRunning(bytes: number): void {
    this.#held.run(bytes)
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
    segment.push(event, bytes, this.#held, json)
    this.lastSeq++
    this.bytes += bytes
    this.totalBytes += bytes
    this.#held.add(segment.heldBytes - held)
  }

  /** No more will be pushed. */
  protected seal(): void {
    if (this.#tail) this.#seal(this.#tail)
    this.#held.end()
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
    head.release(this.#held)
    this.bytes -= head.bytes
    this.#held.add(-head.heldBytes)
    return true
  }

  /** What is before `first` counts as gone; it is held for as long as readers need it who are at `neededSeq` or further. */
  protected trimBefore(first: number, neededSeq: number): void {
    const last = Math.min(first, this.lastSeq) - 1
    for (const segment of this.#segments) {
      const lastSeq = Math.min(segment.firstSeq + segment.count - 1, last)
      if (lastSeq >= this.firstSeq) this.#foldHead(segment, lastSeq)
    }
    while (this.trimHead((lastSeq) => lastSeq <= Math.min(last, neededSeq)));
  }

  /** Forgets all events; positions stay known. */
  protected forget(): void {
    this.#held.clear()
    this.bytes = 0
    this.#trimmedEpoch = this.epochOf(this.lastSeq)
    this.#segments = []
    this.#tail = undefined
    this.firstSeq = this.lastSeq + 1
  }

  /** Whoever keeps this log, or lets it be read, counts what it takes; once. */
  enterAccount(account: LogAccount): void {
    this.#held.enter(account)
  }

  /** Whoever keeps this log lets go of it: its bytes are not counted any more. */
  leaveAccount(): void {
    this.#held.leave()
  }

  /** The oldest event that is still held, for those who began to read before it was gone for others. */
  get heldSeq(): number {
    return this.#segments[0]?.firstSeq ?? this.lastSeq + 1
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

  /**
   * What happened up to `seq`, folded.
   *
   * @throws SluiceError `SLUICE_ERR_STORE` where part of that is not known: whoever went on would take it for nothing
   */
  resumeStateAt(seq: number): ResumeState {
    if (!this.#isHeadKnown) throw headUnknown()
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

  #seal(segment: Segment): void {
    const held = segment.heldBytes
    segment.seal(this.#held)
    this.#held.add(segment.heldBytes - held)
  }

  /** What `head` has up to `lastSeq` is known only as a whole from now on. */
  #foldHead(head: Segment, lastSeq: number): void {
    if (lastSeq < this.firstSeq) return
    this.head ??= new TrimmedHead()
    this.head.add(head, this.firstSeq - head.firstSeq, lastSeq + 1 - head.firstSeq)
    this.firstSeq = lastSeq + 1
    this.#trimmedEpoch = head.epoch
  }

  #roll(full: Segment | undefined): Segment {
    if (full) this.#seal(full)
    this.#held.grown()
    const segment = new Segment(this.lastSeq + 1, this.epoch, this.totalBytes)
    this.#held.add(segment.heldBytes)
    if (this.#segments.length === 0) this.#segments = [segment]
    else this.#segments.push(segment)
    this.#tail = segment
    return segment
  }

  #dropTail(): void {
    const segment = this.#segments.pop()!
    segment.release(this.#held)
    this.bytes -= segment.bytes
    this.totalBytes = segment.startBytes
    this.#held.add(-segment.heldBytes)
  }
}
