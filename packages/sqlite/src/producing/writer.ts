import { Deadline, type Due, type Steppable } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { PAGE_BYTES } from '../file/open-file.ts'
import { asStoreError, isFull } from '../file/store-error.ts'
import { writeJournal } from '../records/journal.ts'
import type { JournalBatch } from './journal-batch.ts'
import { JournalUpkeep } from './journal-upkeep.ts'
import { Outage } from './outage.ts'
import type { ProducedStream } from './produced-stream.ts'

/** Between two commits: a reader waits no longer for a token that is there, and the disk has no more to do. */
const COMMIT_EVERY_MS = 10
/** What a power cut may take: by then, tokens are on the disk. */
const DURABLE_WITHIN_MS = 100
/** How long one commit may keep the event loop from others; what is left has the next. */
const WRITING_MS = 5

/** A small change of the file. */
export interface Change {
  /** Makes it: more than once, where commits are refused. */
  make(): void
  /** It is made. */
  committed?(): void
}

/** Who is notified of what a writer meets. */
export interface WriterOwner {
  /** The file has no room left. */
  full(): void
  /** The file has refused for too long: nothing more of this stream can be written. */
  unstorable(stream: ProducedStream): void
}

/**
 * Writes what all streams of this process have said, in one commit: at the end of the turn in which a stream says its first word, and
 * every 10 ms otherwise.
 */
export class Writer implements Steppable, Due {
  dirty = false
  readonly outage: Outage
  readonly #context: StoreContext
  readonly #owner: WriterOwner
  readonly #waiting: Set<ProducedStream> = new Set()
  /** Small changes that go with the next commit, by what they change. */
  readonly #changes: Map<string, Change> = new Map()
  readonly #journal: JournalUpkeep
  readonly #deadline: Deadline = new Deadline(this)
  readonly #durable: Deadline = new Deadline({ due: () => void this.#context.checkpoints.durable() })
  #lastMs = -Infinity
  #stopped = false

  constructor(context: StoreContext, owner: WriterOwner) {
    this.#context = context
    this.#owner = owner
    this.outage = new Outage(context)
    this.#journal = new JournalUpkeep(context)
  }

  /** The stream has something to be written. */
  wants(stream: ProducedStream, first: boolean): void {
    if (this.#stopped) return
    this.#waiting.add(stream)
    this.#plan(first)
  }

  /** Makes this change with the next commit; a later one of the same name instead. */
  change(name: string, change: Change): void {
    if (this.#stopped) return
    this.#changes.set(name, change)
    this.#plan(false)
  }

  /** Nothing more of what the stream says is to be written. */
  giveUp(stream: ProducedStream): void {
    stream.stop()
    this.#waiting.delete(stream)
  }

  /** The same; and what it has in the journal is not needed any more. */
  forget(stream: ProducedStream): void {
    this.giveUp(stream)
    this.#journal.forget(stream)
  }

  /** Writes all that the stream has said, and nothing of others. Nothing may stand in the way of a commit. */
  writeNow(stream: ProducedStream): void {
    while (stream.hasMore && this.#commit([stream]));
  }

  /** It is time for a commit. */
  step(): void {
    this.#write()
  }

  due(): void {
    this.#write()
  }

  /** Writes all there is, as far as the file takes it, and stops. */
  async stop(): Promise<void> {
    const { scheduler, checkpoints } = this.#context
    for (let before = -1; this.#hasWork && this.#work !== before;) {
      while (checkpoints.holding) await checkpoints.holding
      before = this.#work
      this.#write()
    }
    this.#stopped = true
    this.#journal.stop()
    for (const deadline of [this.#deadline, this.#durable]) scheduler.cancel(deadline)
  }

  get #hasWork(): boolean {
    return this.#waiting.size + this.#changes.size > 0
  }

  get #work(): number {
    let work = this.#changes.size
    for (const stream of this.#waiting) work += stream.stream.log.lastSeq - stream.ackedSeq + 1
    return work
  }

  #plan(first: boolean): void {
    const { scheduler } = this.#context
    const isPlanned = this.dirty || (!first && this.#deadline.place !== -1)
    if (isPlanned || this.outage.underWay) return
    const dueMs = this.#lastMs + COMMIT_EVERY_MS
    if (first || scheduler.now() >= dueMs) scheduler.mark(this)
    else scheduler.schedule(this.#deadline, dueMs)
  }

  #write(): void {
    const { scheduler, checkpoints } = this.#context
    if (this.#stopped || !this.#hasWork) return
    if (checkpoints.holding) return void checkpoints.holding.then(() => scheduler.mark(this))
    scheduler.cancel(this.#deadline)
    if (this.#commit(this.#waiting) && this.#hasWork) this.#plan(false)
  }

  /** Writes what these streams have said, and the small changes; gives whether the file has taken it. */
  #commit(streams: Iterable<ProducedStream>): boolean {
    const { scheduler, checkpoints, database } = this.#context
    const batch = this.#journal.nextBatch()
    const written: ProducedStream[] = []
    const changes = [...this.#changes]
    try {
      database.transaction(() => {
        for (const [, change] of changes) change.make()
        this.#writeStreams(streams, batch, written)
      })
    } catch (error) {
      this.#refused(streams, error)
      return false
    }
    this.outage.over()
    this.#lastMs = scheduler.now()
    for (const stream of written) {
      stream.apply()
      // First come, first served: what it has more comes after what others have.
      this.#waiting.delete(stream)
      if (stream.hasMore) this.#waiting.add(stream)
    }
    this.#journal.committed(batch, written, this.#lastMs)
    for (const [name, change] of changes) {
      if (this.#changes.get(name) === change) this.#changes.delete(name)
      change.committed?.()
    }
    for (const stream of written) stream.acknowledge()
    checkpoints.wrote(batch.pages)
    if (this.#durable.place === -1) scheduler.schedule(this.#durable, this.#lastMs + DURABLE_WITHIN_MS)
    return true
  }

  #writeStreams(streams: Iterable<ProducedStream>, batch: JournalBatch, written: ProducedStream[]): void {
    const { scheduler, database } = this.#context
    const untilMs = scheduler.runtime.now() + WRITING_MS
    for (const stream of streams) {
      if (stream.hasMore) {
        stream.write(batch)
        written.push(stream)
      } else this.#waiting.delete(stream)
      if (scheduler.runtime.now() >= untilMs) break
    }
    if (batch.entries.length === 0) return
    batch.bytes = writeJournal(database, batch.number, batch.entries)
    batch.pages += Math.ceil(batch.bytes / PAGE_BYTES)
  }

  #refused(streams: Iterable<ProducedStream>, error: unknown): void {
    const { scheduler } = this.#context
    const atMs = this.outage.refused(error)
    const told = asStoreError(error)
    const refused = [...streams]
    for (const stream of refused) stream.failed(told)
    if (isFull(error)) this.#owner.full()
    if (this.outage.isTooLong) for (const stream of refused) if (stream.hasMore) this.#owner.unstorable(stream)
    scheduler.schedule(this.#deadline, atMs)
  }
}
