import type { EndEvent } from '@sluice/core'
import {
  type Closing,
  cutEnd,
  Log,
  type StoredStream,
  streamBytes,
  type StreamFacts,
  type StreamName,
  type Keeping,
} from '@sluice/core/extend'

import { byName, countLive } from '../kept/by-name.ts'
import type { StoreContext } from '../context/store-context.ts'
import type { KeptLog } from '../kept/kept-log.ts'
import type { KeptLogs } from '../kept/kept-logs.ts'
import { closeRow } from '../records/close-row.ts'
import { remember } from '../records/messages.ts'
import type { StreamRow } from '../records/stream-row.ts'
import { JournalBatch } from './journal-batch.ts'
import { ProducedStream, type ProducedStreamOwner } from './produced-stream.ts'
import { Writer, type WriterOwner } from './writer.ts'

/** Who is notified of what becomes of produced streams. */
export interface ProducedStreamsListener {
  /** When it will not be kept any more is known. */
  ended(): void
  /** A stream has ended that is not settled here. */
  unsettled(number: number): void
  /** The file has no room left. */
  full(): void
}

/** The streams that this process produces. */
export class ProducedStreams implements ProducedStreamOwner, WriterOwner {
  readonly writer: Writer
  readonly #context: StoreContext
  readonly #kept: KeptLogs
  readonly #listener: ProducedStreamsListener
  readonly #streams: Map<string, ProducedStream> = new Map()

  constructor(context: StoreContext, kept: KeptLogs, listener: ProducedStreamsListener) {
    this.#context = context
    this.#kept = kept
    this.#listener = listener
    this.writer = new Writer(context, this)
  }

  get size(): number {
    return this.#streams.size
  }

  get live(): number {
    return countLive(this.#streams)
  }

  get(name: StreamName): ProducedStream | undefined {
    return byName(this.#streams, name)
  }

  /** A stream begins here. @throws what the file has against it */
  begin(facts: StreamFacts, keeping: Keeping): StoredStream {
    const { account, streams, database, checkpoints } = this.#context
    const number = database.transaction(() => streams.insert(facts, keeping))
    checkpoints.wrote(4)
    const log = new Log(facts.id, 1, {
      retentionBytes: keeping.retentionBytes,
      account,
      streamBytes: streamBytes(facts),
      followed: true,
      shows: 'stored',
    })
    const stream: StoredStream = { facts, log, timing: {} }
    this.#add(new ProducedStream(this.#context, this, { number, stream, keeping, tokens: 0, grants: new Map() }))
    return stream
  }

  /** A stream that the process before has left is produced here from now on. */
  adopt({ number, keeping, tokens, usage, head }: StreamRow, { stream, grants }: KeptLog): void {
    this.#add(new ProducedStream(this.#context, this, { number, stream, keeping, tokens, usage, head, grants }))
  }

  /** Ends a stream that is produced here, from outside its producer. */
  async close(produced: ProducedStream, end: EndEvent): Promise<Closing> {
    const { log } = produced.stream
    if (log.ending) {
      await produced.endStored()
      return closedAt(log, false)
    }
    const { epoch, lastSeq } = log
    log.epoch = epoch + 1
    log.append(end)
    const stored = produced.endStored()
    this.writer.writeNow(produced)
    try {
      await stored
    } catch (error) {
      // It goes on: whoever closed it was told that this failed.
      if (!log.end && !log.lost) {
        log.rewind(lastSeq)
        log.epoch = epoch
        produced.endedAtMs = undefined
      }
      throw error
    }
    return closedAt(log, true)
  }

  /** Credit for the readers of a name, those to come included; gives whether it is one to be remembered. */
  grant(produced: ProducedStream, reader: string, seq: number): boolean {
    return remember(produced.grants, reader, seq)
  }

  /** The stream is not kept any more. */
  gone(produced: ProducedStream): void {
    this.writer.forget(produced)
    this.#remove(produced)
    produced.stream.log.leaveAccount()
    produced.stream.log.clear()
  }

  wants(stream: ProducedStream, first: boolean): void {
    this.writer.wants(stream, first)
  }

  ended(produced: ProducedStream): void {
    if (!this.#remove(produced)) return
    this.writer.forget(produced)
    this.#kept.finished(produced.stream, produced.grants)
    this.#listener.ended()
  }

  full(): void {
    this.#listener.full()
  }

  /** Its readers are told, and its source stops. The file learns of its end as soon as it takes something. */
  unstorable(produced: ProducedStream): void {
    const { stream, number } = produced
    const { database } = this.#context
    const error = { code: 'SLUICE_ERR_STORE', message: 'The store could not be written.', retryable: true, status: 503 }
    const end: EndEvent = { ...cutEnd(stream.log, 'storage'), error }
    this.writer.giveUp(produced)
    this.#remove(produced)
    stream.log.lose('storage')
    stream.log.leaveAccount()
    this.writer.change(`end ${number}`, {
      make: () =>
        database.withReserve(() => {
          produced.fold(new JournalBatch(0))
          this.#closeInFile(number, end)
        }),
      committed: () => {
        this.writer.forget(produced)
        // What was read of it meanwhile is not all of it.
        this.#kept.get(stream.facts)?.stream.log.lose('storage')
        this.#listener.unsettled(number)
      },
    })
  }

  async dispose(): Promise<void> {
    await this.writer.stop()
    await this.#context.checkpoints.settled()
    for (const produced of this.#streams.values()) {
      produced.stop()
      produced.stream.log.leaveAccount()
    }
    this.#streams.clear()
  }

  #add(produced: ProducedStream): void {
    this.#streams.set(produced.stream.facts.id, produced)
  }

  /** `false`: it was not here any more. */
  #remove(produced: ProducedStream): boolean {
    const { id } = produced.stream.facts
    if (this.#streams.get(id) !== produced) return false
    this.#streams.delete(id)
    produced.stream.log.watchers.delete(produced)
    return true
  }

  #closeInFile(number: number, end: EndEvent): void {
    const { streams, clock } = this.#context
    const row = streams.byNumber(number)
    if (!row || row.end) return
    const endedAtMs = clock.now()
    closeRow(this.#context, row, { end, endedAtMs, expiresAtMs: endedAtMs + row.keeping.retentionMs, settled: false })
  }
}

function closedAt({ end, epoch, lastSeq }: Log, first: boolean): Closing {
  return { is: 'closed', first, end: end!, epoch, seq: lastSeq }
}
