import type { Entry } from '../log/entry.ts'
import type { ClosedCode } from '../events/codes.ts'
import type { Log } from '../log/log.ts'
import type { LogReader } from '../log/log-listeners.ts'
import { mergeReport, type ClientReport } from './client-report.ts'

/** Grants credit up to `seq` to the readers of that name; gives how many there are. */
export function extendReaders(log: Log, name: string, seq: number): number {
  let readers = 0
  for (const reader of log.readers) {
    if (!(reader instanceof Reader) || reader.name !== name) continue
    reader.extend(seq)
    readers++
  }
  return readers
}

/** Tells the readers of that name what their client has measured. @throws SluiceError `SLUICE_ERR_OPTION` */
export function reportToReaders(log: Log, name: string, report: ClientReport): void {
  for (const reader of log.readers) if (reader instanceof Reader && reader.name === name) reader.reported(report)
}

/** Holds the readers of that name that have no credit of their own yet to what the name was granted before they came. */
export function limitReaders(log: Log, name: string, seq: number): void {
  for (const reader of log.readers)
    if (reader instanceof Reader && reader.name === name && reader.limitSeq === Infinity) reader.limitSeq = seq
}

/** Gives `reader` its name, and the credit that this name has. */
export function nameReader(reader: Reader, name: string): void {
  reader.name = name
  for (const other of reader.log.readers)
    if (other instanceof Reader && other.name === name && other.limitSeq !== Infinity) reader.limitSeq = other.limitSeq
}

/** How many read, without those who are expected back: they must find their own place free. */
export function countReaders(log: Log): number {
  let readers = 0
  for (const reader of log.readers) if (!(reader instanceof Reader && reader.isExpected)) readers++
  return readers
}

/** A cursor on a log: where one reading is, and how far it may go. */
export class Reader implements LogReader {
  wakeAt: number = Infinity
  readonly log: Log
  /** Seq of the event this reading began after. */
  readonly startSeq: number
  /** Seq of the last event taken. */
  seq: number
  bytePosition: number
  /** Events past this seq are withheld: the reader's credit. */
  limitSeq: number = Infinity
  /** Events up to here were logged before this reading began: its backlog. */
  readonly liveAfterSeq: number
  /** Name given with the attach, under which acks arrive. */
  name: string | undefined
  /** What its client has measured, once somebody has reported it. */
  report: ClientReport | undefined
  attached = false
  /** True for one that was answered, or asked to reconnect, and is to come back: it still counts, and nothing is sent to it. */
  isExpected = false
  /** True for one that is expected because it was asked to reconnect. */
  hasRotated = false
  /** True for one that is given only what has a cursor: without one it would be given the same again. */
  needsCursors = false
  /** True once what this reader had taken was taken back: it can never go on, whatever follows. */
  #overtaken = false
  /** True for one that came when what it wants was gone: what is still held is held for others. */
  #late = false
  /** Woken when what this reader sleeps for is there. */
  sleeper: { wake(): void } | undefined

  constructor(log: Log, afterSeq: number) {
    this.log = log
    this.startSeq = afterSeq
    this.seq = afterSeq
    this.bytePosition = log.bytesUpTo(afterSeq)
    this.liveAfterSeq = log.committed
  }

  /**
   * Credit has come: events up to `seq` may be sent. It only rises while a reader is attached: grants are repeated, late, and
   * renewed, and none takes back what another gave. The first one is the first limit.
   */
  extend(seq: number): void {
    if (this.limitSeq !== Infinity && seq <= this.limitSeq) return
    this.limitSeq = seq
    this.wake()
  }

  /** Its client has measured something, by which its policy may decide otherwise from now on. */
  reported(report: ClientReport): void {
    this.report = mergeReport(this.report, report)
    this.wake()
  }

  wake(): void {
    this.sleeper?.wake()
  }

  overtaken(): void {
    this.#overtaken = true
  }

  attach(): void {
    if (this.attached) return
    this.attached = true
    this.#late = this.seq + 1 < this.log.firstSeq
    this.log.attach(this)
  }

  detach(): void {
    if (!this.attached) return
    this.attached = false
    this.log.detach(this)
    this.wake()
  }

  /** It is to come back, as another one: until then it is counted, and given nothing. */
  stepOut(): void {
    this.isExpected = true
    this.log.readersChanged()
  }

  /** Events readable now. */
  get pending(): number {
    const { committed, end, lastSeq } = this.log
    // The end alone needs no credit: a reader that grants none must still learn that nothing will follow.
    if (end && this.seq === lastSeq - 1) return committed - this.seq
    const upTo = this.needsCursors && this.log.withholds && !end ? Math.min(committed, this.log.stored) : committed
    return Math.max(0, Math.min(upTo, this.limitSeq) - this.seq)
  }

  /** Whether nothing will follow what was taken. */
  get finished(): boolean {
    return this.log.end !== undefined && this.seq >= this.log.committed
  }

  /** Whether the last event taken has no cursor yet: the store does not have it. */
  get withheld(): boolean {
    return this.log.withholds && this.seq > this.log.stored
  }

  /** Why this reading cannot go on, if so (contract 2). */
  get broken(): ClosedCode | undefined {
    const { firstSeq, heldSeq, lastSeq, lost } = this.log
    if (lost) return lost
    // What this reader has seen is not what the store has: it was lost there, or never got there.
    if (this.#overtaken || this.seq > lastSeq) return 'storage'
    return this.seq + 1 < (this.attached && !this.#late ? heldSeq : firstSeq) ? 'trimmed' : undefined
  }

  /** Takes up to `maxEvents` events that fit into `maxBytes` (one at least), neighbours merged. */
  take(maxEvents: number, maxBytes: number): Entry[] {
    const { log } = this
    let count = Math.min(maxEvents, this.pending)
    let bytes = log.committedBytes - this.bytePosition
    if (bytes > maxBytes || this.seq + count < log.committed) {
      const fitting = log.fitting(this.seq, count, maxBytes)
      count = fitting.count
      bytes = fitting.bytes
    }
    const chunk = log.read(this.seq, count)
    this.seq += count
    this.bytePosition += bytes
    log.moved(this)
    return chunk
  }
}
