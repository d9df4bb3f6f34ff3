import type { ClosedCode, EndEvent } from '@sluice/core'
import { type Keeping, type StoredStream, cutEnd, extendReaders, RUNNING_COST_BYTES } from '@sluice/core/extend'

import { readRecord } from '../commands/read-record.ts'
import { renewLease } from '../commands/renew-lease.ts'
import type { StoreContext } from '../context/store-context.ts'
import type { Report } from '../protocol/attendance.ts'
import { isForeign } from '../protocol/foreign.ts'
import type { Notice } from '../protocol/notice.ts'
import { liveMs } from '../protocol/times.ts'
import { InboxMessages } from './inbox-messages.ts'
import { Outbox, type OutboxOwner, type UnstorableReason } from './outbox.ts'
import { ReadersElsewhere } from './readers-elsewhere.ts'

/** What a stream takes here beside what runs it: what stores it, and what others report of it. */
const OUTBOX_COST_BYTES = 2_300

/** A stream that is produced in this process: its lease, and what other processes notify it of. */
export class ProducedStream implements OutboxOwner {
  readonly stream: StoredStream
  readonly keeping: Keeping
  readonly outbox: Outbox
  readonly readersElsewhere: ReadersElsewhere
  readonly #context: StoreContext
  readonly #inbox: InboxMessages
  readonly #onUnstorable: (end: EndEvent) => void
  /** Set while the store is asked whether this process still owns the stream. */
  #ownershipCheck: Promise<void> | undefined

  constructor(context: StoreContext, stream: StoredStream, keeping: Keeping, onUnstorable: (end: EndEvent) => void) {
    this.#context = context
    this.stream = stream
    this.keeping = keeping
    this.#onUnstorable = onUnstorable
    const { log } = stream
    this.readersElsewhere = new ReadersElsewhere(context.scheduler, log)
    this.#inbox = new InboxMessages(context, stream)
    this.outbox = new Outbox(context, stream, keeping, this)
    log.chargeRunning(RUNNING_COST_BYTES + OUTBOX_COST_BYTES)
    log.produce(log.epoch, keeping.durability === 'write-behind' ? 'appended' : 'stored', this.outbox)
  }

  /** Settles once it is known whether this process still owns the stream: a notice may have reported its end. */
  async ownershipKnown(): Promise<void> {
    await this.#ownershipCheck
  }

  get over(): boolean {
    const { end, lost } = this.stream.log
    return end !== undefined || lost !== undefined
  }

  /** Renews the lease. `false`: it is not this process's any more. @throws SluiceError `SLUICE_ERR_STORE` */
  async renew(leaseMs: number = this.keeping.leaseMs): Promise<boolean> {
    const { facts, log } = this.stream
    const renewal = { epoch: log.epoch, leaseMs, liveMs: liveMs(this.keeping) }
    const outcome = await this.#ask(renewLease(this.#context, facts, renewal))
    if (outcome.is === 'refused') {
      await this.superseded()
      return false
    }
    const { missed } = outcome
    if (!missed) return true
    this.readersElsewhere.replaceAll(missed.readers, missed.nowMs)
    for (const [name, seq] of missed.grants) extendReaders(log, name, seq)
    if (missed.messages > 0) void this.#inbox.take()
    return true
  }

  /** A notice of another process, about this stream. */
  notified(notice: Notice): void {
    if (notice.about === 'end' || notice.about === 'erased') this.#ownershipCheck = this.superseded().catch(ignore)
    else if (notice.about === 'inbox') void this.#inbox.take()
    else if (notice.about === 'grant') extendReaders(this.stream.log, notice.reader, notice.seq)
    else if (notice.about === 'readers') this.readersElsewhere.report(notice.instance, notice.seq)
  }

  /** The reports in a refused close: readers of which no notice had arrived. */
  attendedBy(reports: ReadonlyMap<string, Report>): void {
    for (const [instance, { seq }] of reports) this.readersElsewhere.report(instance, String(seq))
  }

  /** The stream was ended, erased or taken from outside: what the store has is what counts. */
  async superseded(): Promise<void> {
    if (this.over) return
    const { connection, keys, instance } = this.#context
    const record = await this.#ask(readRecord(connection, keys, this.stream.facts))
    if (this.over) return
    if (record.is === 'missing') return this.unstorable('missing')
    const { end, epoch, instance: producer, seq } = record.is === 'stream' ? record.state : record
    // What another producer has written is not here: with its end, this log would pass for the whole.
    if (producer !== instance) this.#lose('epoch')
    else if (end) this.applyEnd(end, epoch, seq)
    else if (epoch !== this.stream.log.epoch) this.#lose('epoch')
  }

  /** Takes the end that the store has. Events that were not stored before it are dropped. */
  applyEnd(end: EndEvent, epoch: number, seq: number): void {
    const { log } = this.stream
    if (log.end) return
    this.outbox.stop()
    log.rewind(seq - 1)
    log.epoch = epoch
    log.append(end)
    log.storedUpTo(log.lastSeq)
  }

  unstorable(reason: UnstorableReason): void {
    const { log } = this.stream
    if (this.over) return
    this.outbox.stop()
    const end = cutEnd(log, 'storage')
    const error = { code: 'SLUICE_ERR_STORE', message: MESSAGES[reason], retryable: true, status: 503 }
    log.lose('storage')
    if (reason !== 'missing') this.#onUnstorable({ ...end, error })
  }

  /** What the store has is asked for. What is not ours there never becomes so: the stream is given up. */
  async #ask<Answer>(asked: Promise<Answer>): Promise<Answer> {
    try {
      return await asked
    } catch (error) {
      if (isForeign(error)) this.unstorable('foreign')
      throw error
    }
  }

  #lose(code: ClosedCode): void {
    this.outbox.stop()
    this.stream.log.lose(code)
  }
}

const MESSAGES: Readonly<Record<UnstorableReason, string>> = {
  missing: 'The stream is not in the store any more.',
  foreign: 'Something else is in the store in place of the stream.',
  lost: 'The store has lost part of the stream.',
  outage: 'The store did not answer.',
  full: 'The store has no room left.',
}

function ignore(): void {}
