import type { ClosedCode, EndEvent, Json, Keeping, StoredStream } from '@sluice/core'
import { cutEnd, extendReaders } from '@sluice/core'

import { readRecord } from '../commands/read-record.ts'
import type { Notice } from '../protocol/notice.ts'
import { Outbox, type OutboxOwner } from './outbox.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { ATTENDANCE_MS } from '../protocol/times.ts'
import type { StoreContext } from '../context/store-context.ts'

/** What an instance says of its readers. */
interface Attendance {
  /** Until when it holds, on this process's clock. */
  readonly untilMs: number
  readonly seq: number
}

/** A stream that is produced in this process, and what it hears of its readers, messages and end in others. */
export class ProducedStream implements OutboxOwner {
  readonly stream: StoredStream
  readonly keeping: Keeping
  readonly outbox: Outbox
  readonly #context: StoreContext
  readonly #onUnstorable: (end: EndEvent) => void
  readonly #attendance: Map<string, Attendance> = new Map()
  /** Messages handed to the source so far. */
  #taken = 0
  #taking = false
  /** What the store says is being looked up. */
  #doubt: Promise<void> | undefined
  /** True when a message may have come since the inbox was asked last. */
  #moreToTake = false

  constructor(context: StoreContext, stream: StoredStream, keeping: Keeping, onUnstorable: (end: EndEvent) => void) {
    this.#context = context
    this.stream = stream
    this.keeping = keeping
    this.#onUnstorable = onUnstorable
    this.outbox = new Outbox(context, stream, keeping, this)
    const { log } = stream
    log.produce(log.epoch, keeping.durability === 'write-behind' ? 'appended' : 'stored', this.outbox)
  }

  /** Settles once it is known whether this process still produces the stream: another may have said that it has ended. */
  async undoubted(): Promise<void> {
    await this.#doubt
  }

  get over(): boolean {
    const { end, lost } = this.stream.log
    return end !== undefined || lost !== undefined
  }

  /** A renewal's answer: what may have been missed. */
  renewed(
    readers: ReadonlyMap<string, string>,
    messages: number,
    grants: ReadonlyMap<string, number>,
    nowMs: number,
  ): void {
    this.#attendance.clear()
    for (const [instance, entry] of readers) {
      const [until = '0', seq = '0'] = entry.split(':')
      this.#attendance.set(instance, {
        untilMs: this.#context.scheduler.now() + Number(until) - nowMs,
        seq: Number(seq),
      })
    }
    this.attend()
    for (const [name, seq] of grants) extendReaders(this.stream.log, name, seq)
    if (messages > 0) void this.#takeMessages()
  }

  heard(notice: Notice): void {
    if (notice.about === 'end' || notice.about === 'erased') this.#doubt = this.superseded().catch(ignore)
    else if (notice.about === 'inbox') void this.#takeMessages()
    else if (notice.about === 'grant') extendReaders(this.stream.log, notice.reader, notice.seq)
    else if (notice.about === 'readers') this.#readersElsewhere(notice.instance, notice.seq)
  }

  /** The entries of a refused close: readers that had not been heard of. */
  attendedBy(entries: readonly string[]): void {
    for (let index = 0; index + 1 < entries.length; index += 2) {
      this.#readersElsewhere(entries[index]!, entries[index + 1]!.split(':')[1] ?? '0')
    }
  }

  #readersElsewhere(instance: string, seq: string): void {
    if (!/^\d*$/.test(seq)) return
    if (seq === '') this.#attendance.delete(instance)
    else this.#attendance.set(instance, { untilMs: this.#context.scheduler.now() + ATTENDANCE_MS, seq: Number(seq) })
    this.attend()
  }

  /** Counts who still reads elsewhere; called again and again, so that a process that died is missed. */
  attend(): void {
    const now = this.#context.scheduler.now()
    let furthest = 0
    for (const [instance, { untilMs, seq }] of this.#attendance) {
      if (untilMs < now) this.#attendance.delete(instance)
      else furthest = Math.max(furthest, seq)
    }
    if (!this.over) this.stream.log.readElsewhere(this.#attendance.size, furthest)
  }

  /** The stream was ended, erased or taken from outside: what the store has counts. */
  async superseded(): Promise<void> {
    if (this.over) return
    const { connection, keys, instance } = this.#context
    const looked = await readRecord(connection, keys, this.stream.facts)
    if (this.over) return
    if (looked.is === 'missing') return this.unstorable('missing')
    const { end, epoch, instance: producer, seq } = looked.is === 'stream' ? looked.state : looked
    // What another producer has written is not here: with its end, this log would pass for the whole.
    if (producer !== instance) this.#lose('epoch')
    else if (end) this.applyEnd(end, epoch, seq)
    else if (epoch !== this.stream.log.epoch) this.#lose('epoch')
  }

  /** Takes the end that the store has; what had not been stored before it never was. */
  applyEnd(end: EndEvent, epoch: number, seq: number): void {
    const { log } = this.stream
    if (log.end) return
    this.outbox.stop()
    log.rewind(seq - 1)
    log.epoch = epoch
    log.append(end)
    log.storedUpTo(log.lastSeq)
  }

  unstorable(why: 'missing' | 'lost' | 'outage' | 'full'): void {
    const { log } = this.stream
    if (this.over) return
    this.outbox.stop()
    const end = cutEnd(log, 'storage')
    const error = { code: 'SLUICE_ERR_STORE', message: MESSAGES[why], retryable: true, status: 503 }
    log.lose('storage')
    if (why !== 'missing') this.#onUnstorable({ ...end, error })
  }

  #lose(code: ClosedCode): void {
    this.outbox.stop()
    this.stream.log.lose(code)
  }

  async #takeMessages(): Promise<void> {
    this.#moreToTake = true
    if (this.#taking || this.over) return
    this.#taking = true
    try {
      const { connection, keys } = this.#context
      const { facts, log } = this.stream
      while (this.#moreToTake && !this.over) {
        this.#moreToTake = false
        const recordKeys = [keys.meta(facts), keys.inbox(facts)]
        const messages = (await connection.run(SCRIPTS.takeMessages, recordKeys, [log.epoch, this.#taken])) as string[]
        const taken = messages.findIndex((message) => !this.#give(JSON.parse(message) as Json))
        const count = taken === -1 ? messages.length : taken
        this.#taken += count
        // Asked once more, to say what was taken, and for what came meanwhile.
        if (count > 0) this.#moreToTake = true
      }
    } catch {
      // The next renewal says that messages wait.
    } finally {
      this.#taking = false
    }
  }

  #give(message: Json): boolean {
    return [...this.stream.log.watchers].some((watcher) => watcher.message?.(message))
  }
}

const MESSAGES = {
  missing: 'The stream is not in the store any more.',
  lost: 'The store has lost part of the stream.',
  outage: 'The store did not answer.',
  full: 'The store has no room left.',
} as const

function ignore(): void {}
