import { type EndEvent, isTextual, type Usage } from '@sluice/core'
import {
  eventBytes,
  type Keeping,
  limitReaders,
  type LogPersister,
  type Logged,
  type LogWatcher,
  RUNNING_COST_BYTES,
  type StoredStream,
} from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { PAGE_BYTES } from '../file/open-file.ts'
import { storeError } from '../file/store-error.ts'
import type { Head } from '../records/head.ts'
import { eventsOf, foldEvents, type Position } from './fold-events.ts'
import type { JournalBatch } from './journal-batch.ts'

/** Events of one stream that go into one commit, and their bytes; one event may have more. */
const MAX_EVENTS = 2_048
const MAX_BYTES = 64 * 1024
/** A stream's events get a segment of their own when there are so many bytes of them, or so great a part of what is kept. */
const SEGMENT_BYTES = 16 * 1024
const SEGMENTS_PER_RETENTION = 16
/** What a stream takes here beside what runs it. */
const PRODUCED_COST_BYTES = 900

/** Who is notified of what a produced stream has to say. */
export interface ProducedStreamOwner {
  /** There is something to be written; `first` where readers wait for the first of all. */
  wants(stream: ProducedStream, first: boolean): void
  /** Its end is on the disk. */
  ended(stream: ProducedStream): void
}

/** A stream in the file, and what is known of it. */
export interface ProducedParts {
  readonly number: number
  readonly stream: StoredStream
  readonly keeping: Keeping
  readonly tokens: number
  readonly usage?: Usage | undefined
  readonly head?: Head | undefined
  readonly grants: Map<string, number>
}

/** A stream that is produced in this process. Its log is what readers read; the file is told of everything in it. */
export class ProducedStream implements LogPersister, LogWatcher {
  readonly number: number
  readonly stream: StoredStream
  readonly keeping: Keeping
  readonly grants: Map<string, number>
  /** When its end was appended. */
  endedAtMs: number | undefined
  readonly #context: StoreContext
  readonly #owner: ProducedStreamOwner
  readonly #segmentBytes: number
  #at: Position
  /** Where it is once the commit under way is made: the two take turns, since there are as many of them as tokens. */
  #next: Position
  /** The end, where that commit has it. */
  #nextEnd: EndEvent | undefined
  #stopped = false
  #ending: PromiseWithResolvers<void> | undefined

  constructor(context: StoreContext, owner: ProducedStreamOwner, parts: ProducedParts) {
    const { number, stream, keeping, tokens, usage, head, grants } = parts
    this.number = number
    this.stream = stream
    this.keeping = keeping
    this.grants = grants
    this.#context = context
    this.#owner = owner
    this.#segmentBytes = Math.min(SEGMENT_BYTES, Math.ceil(keeping.retentionBytes / SEGMENTS_PER_RETENTION))
    const { log } = stream
    const { lastSeq: seq, firstSeq } = log
    this.#at = { acked: seq, folded: seq, unfoldedBytes: 0, row: 0, tokens, usage, firstSeq, head }
    this.#next = { ...this.#at }
    log.chargeRunning(RUNNING_COST_BYTES + PRODUCED_COST_BYTES)
    log.produce(log.epoch, keeping.durability === 'write-behind' ? 'appended' : 'stored', this)
    log.watchers.add(this)
  }

  get hasMore(): boolean {
    const { log } = this.stream
    return !this.#stopped && log.lost === undefined && this.#at.acked < log.lastSeq
  }

  /** Up to here its events are in the file. */
  get ackedSeq(): number {
    return this.#at.acked
  }

  get isFolded(): boolean {
    return this.#at.folded === this.#at.acked
  }

  /** Nothing more of it is written. */
  stop(): void {
    this.#stopped = true
    this.failed(storeError('the stream is not kept any more'))
  }

  appended(): void {
    if (this.stream.log.ending) this.endedAtMs ??= this.#context.clock.now()
    this.#owner.wants(this, this.#at.acked === 0)
  }

  readersChanged(): void {
    for (const [name, seq] of this.grants) limitReaders(this.stream.log, name, seq)
  }

  /** Settles once the end is on the disk. @throws SluiceError `SLUICE_ERR_STORE` where it could not be written */
  endStored(): Promise<void> {
    this.#ending ??= Promise.withResolvers()
    // Not everybody who asks waits.
    this.#ending.promise.catch(() => {})
    return this.#ending.promise
  }

  /** What it has said could not be written. */
  failed(error: unknown): void {
    this.#ending?.reject(error)
    this.#ending = undefined
  }

  /** Writes some of what the file lacks. Once that is committed it is to be applied, and then acknowledged. */
  write(batch: JournalBatch): void {
    const { log } = this.stream
    const at = this.#begin()
    const firstSeq = at.acked + 1
    const epoch = log.epochOf(firstSeq)
    const events = fitting(eventsOf(log, firstSeq, Math.min(log.lastSeq, at.acked + MAX_EVENTS)), at)
    const end = endIn(events)
    at.acked += events.length
    this.#nextEnd = end
    if (end || at.unfoldedBytes > this.#segmentBytes) this.#fold(at, batch, end)
    else {
      if (at.row === 0) at.row = batch.number
      batch.add(this.number, epoch, firstSeq, events)
    }
  }

  /** What is in the journal alone gets a segment. Once that is committed it is to be applied. */
  fold(batch: JournalBatch): void {
    this.#fold(this.#begin(), batch, undefined)
  }

  /** What was written last is committed. */
  apply(): void {
    const before = this.#at
    this.#at = this.#next
    this.#next = before
  }

  /** Readers may see what was written last. */
  acknowledge(): void {
    const { log } = this.stream
    const { acked: seq } = this.#at
    const end = this.#nextEnd
    const shownSeq = end ? seq - 1 : seq
    if (shownSeq > log.stored) log.storedUpTo(shownSeq)
    if (!end) return
    void this.#context.checkpoints.durable().then(() => {
      log.storedUpTo(seq)
      this.#ending?.resolve()
      this.#owner.ended(this)
    })
  }

  #begin(): Position {
    const [at, next] = [this.#at, this.#next]
    next.acked = at.acked
    next.folded = at.folded
    next.unfoldedBytes = at.unfoldedBytes
    next.row = at.row
    next.tokens = at.tokens
    next.usage = at.usage
    next.firstSeq = at.firstSeq
    next.head = at.head
    return next
  }

  #fold(at: Position, batch: JournalBatch, end: EndEvent | undefined): void {
    const { streams, clock } = this.#context
    const { log, timing } = this.stream
    const { number } = this
    batch.pages += 4 + Math.ceil(at.unfoldedBytes / PAGE_BYTES)
    foldEvents(this.#context, this, at)
    const { tokens, usage } = at
    const epoch = log.epochOf(at.acked)
    streams.advance(number, { epoch, seq: at.acked, firstSeq: log.firstSeq, tokens, usage, timing })
    if (!end) return
    const endedAtMs = this.endedAtMs ?? clock.now()
    const expiresAtMs = endedAtMs + this.keeping.retentionMs
    const settled = !this.#context.hosts.some(({ settles }) => settles)
    streams.end(number, { end, endedAtMs, expiresAtMs, settled })
    batch.pages += 2
  }
}

function endIn(events: readonly Logged[]): EndEvent | undefined {
  const last = events.at(-1)
  return typeof last === 'object' && last.type === 'end' ? last : undefined
}

/** As many of them as go into one commit; `at` has counted them. */
function fitting(events: readonly Logged[], at: Position): readonly Logged[] {
  let bytes = 0
  for (const [index, event] of events.entries()) {
    const size = eventBytes(event)
    if (bytes + size > MAX_BYTES && index > 0) return events.slice(0, index)
    bytes += size
    at.unfoldedBytes += size
    if (typeof event === 'string' || isTextual(event)) at.tokens++
    else if (event.type === 'usage') at.usage = event.usage
  }
  return events
}
