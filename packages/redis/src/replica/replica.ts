import {
  extendReaders,
  type Keeping,
  limitReaders,
  Log,
  type LogPersister,
  type LogWatcher,
  type StoredStream,
  streamBytes,
} from '@sluice/core/extend'

import { readRecord, type RecordReading, type StoredState } from '../commands/read-record.ts'
import { MAX_GRANTS } from '../commands/sender.ts'
import type { StoreContext } from '../context/store-context.ts'
import { isForeign } from '../protocol/foreign.ts'
import { decodePublished, type Published } from '../protocol/published.ts'
import { Presence } from './presence.ts'
import { reconcile, takeChunk } from './reconcile.ts'
import { SingleFlight } from './single-flight.ts'
import { StreamSubscription, type Subscriber } from './stream-subscription.ts'

/** Who is notified of what becomes of a replica. */
export interface ReplicaOwner {
  /** A number for the next replica, unique within the process. Default 0: there is one. */
  number?(): number
  /** The producer's lease has lapsed. */
  lapsed(state: StoredState): void
  /** It is followed, again perhaps after the owner had dropped it. */
  followed(replica: Replica): void
  /** Nobody reads it any more, or it is over: the owner may drop it. */
  idle(replica: Replica): void
}

/** What a replica takes beside its log: a subscription, what reports its readers. */
const REPLICA_COST_BYTES = 1_000
/** What is kept is the producer's to say, and is known here a little later: a log holds more for so long, and no more than that. */
const RETENTION_FACTOR = 2

/**
 * A stream of another process as this one reads it. Entries arrive as they are published, and each must follow the one
 * before. Whatever is missing, late or of a new epoch is read from the store: the log there is the truth.
 */
export class Replica implements Subscriber, LogWatcher, LogPersister {
  readonly stream: StoredStream
  readonly #context: StoreContext
  readonly #owner: ReplicaOwner
  readonly #subscription: StreamSubscription
  readonly #presence: Presence
  readonly #keeping: Keeping
  readonly #replicated: boolean
  /** Credit by the name of a reader, as the store has it: one that comes later has it too. */
  readonly #grants: Map<string, number>
  /** True once only a tombstone is left of it, wherever it was. */
  erased = false
  /** True once this process produces the stream itself. */
  #retired = false
  readonly #catchUp: SingleFlight<void> = new SingleFlight(() => this.#catchUpOnce())

  constructor(context: StoreContext, record: RecordReading & { is: 'stream' }, owner: ReplicaOwner) {
    const { state, head, chunks, grants } = record
    this.#grants = new Map(grants)
    this.#context = context
    this.#owner = owner
    const { facts, keeping, timing } = state
    this.#keeping = keeping
    this.#replicated = typeof keeping.durability === 'object'
    const entrySeq = chunks[0]?.firstSeq ?? state.seq + 1
    const epoch = chunks[0]?.epoch ?? state.epoch
    // Somebody else has cut the log: what is known of its head is not all that was before the first entry.
    const known = head?.nextSeq === entrySeq ? head : undefined
    const log = new Log(facts.id, epoch, {
      retentionBytes: keeping.retentionBytes * RETENTION_FACTOR,
      account: context.account,
      streamBytes: streamBytes(facts) + REPLICA_COST_BYTES,
      from: { seq: entrySeq - 1, epoch: known?.epoch || epoch, head: known },
      followed: this.#replicated,
      shows: this.#replicated ? 'stored' : 'appended',
    })
    this.stream = { facts, log, timing: { ...timing } }
    this.#subscription = new StreamSubscription(context, facts, this)
    this.#presence = new Presence(context, this.stream, {
      windowBytes: keeping.windowBytes,
      number: owner.number?.() ?? 0,
    })
    for (const chunk of chunks) takeChunk(log, chunk)
    this.#takeState(state)
    log.watchers.add(this)
    log.follow(this)
  }

  /** Whether somebody here waits for more of it. */
  get wanted(): boolean {
    const { log } = this.stream
    return log.readers.size > 0 || log.watchers.size > 1
  }

  appended(): void {}

  watched(): void {
    this.#follow()
  }

  unwatched(): void {
    if (!this.wanted) this.#owner.idle(this)
  }

  readersChanged(): void {
    const { log } = this.stream
    for (const [name, seq] of this.#grants) limitReaders(log, name, seq)
    if (log.readers.size > 0) {
      // It may have been dropped before somebody came to read it.
      log.enterAccount(this.#context.account)
      this.#follow()
    } else if (log.end) this.release()
    this.#presence.readersChanged()
    if (!this.wanted) this.#owner.idle(this)
  }

  furthestMoved(): void {
    this.#presence.furthestMoved()
  }

  ended(): void {
    const { log } = this.stream
    // A log that has ended forgets its watchers.
    log.watchers.add(this)
    // No entry follows, but a reader that ran out of credit is yet to be granted the rest.
    if (log.readers.size === 0) this.release()
    this.#owner.idle(this)
  }

  lost(): void {
    this.release()
    this.#owner.idle(this)
  }

  /** Reports to the producer again who reads here. */
  report(): void {
    this.#presence.report()
  }

  /** What does not follow, or is not understood all over, is not believed: the store is asked. */
  received(message: string): void {
    let taken = false
    try {
      taken = this.#take(decodePublished(message))
    } catch {
      // It is not ours.
    }
    if (!taken) void this.catchUp().catch(ignore)
  }

  /** Grants credit to the readers of that name, those to come included; gives how many are here. */
  grant(name: string, seq: number): number {
    if (this.#grants.has(name) || this.#grants.size < MAX_GRANTS) this.#grants.set(name, seq)
    return extendReaders(this.stream.log, name, seq)
  }

  /** `false`: the store must be asked. */
  #take(published: Published): boolean {
    if (published.is === 'erased') return false
    if (published.is === 'stored') this.#show(published.seq)
    if (published.is === 'first') this.stream.log.trimTo(published.seq)
    if (published.is === 'grant') this.grant(published.reader, published.seq)
    if (published.is !== 'entry') return true
    const taken = takeChunk(this.stream.log, published.chunk, true)
    this.#presence.arrived()
    return taken
  }

  /** Brings the log up to what the store has now. @throws SluiceError `SLUICE_ERR_STORE` */
  catchUp(): Promise<void> {
    return this.#catchUp.get()
  }

  async #catchUpOnce(): Promise<void> {
    const { log } = this.stream
    if (log.lost) return
    try {
      const record = await this.#read()
      // It was asked while this was a replica. What the producer has said since is not in the store yet, and not lost.
      if (!this.#retired) this.#apply(record)
    } catch (error) {
      if (!isForeign(error) || this.#retired) throw error
      // However often it is asked for, it stays what it is: nobody waits for what cannot come.
      log.lose('storage')
    }
  }

  async #read(): Promise<RecordReading> {
    const { connection, keys } = this.#context
    const { log, facts } = this.stream
    const known = { facts, keeping: this.#keeping }
    const record = await readRecord(connection, keys, facts, { afterSeq: log.lastSeq, grants: true, known })
    this.#subscription.caughtUp()
    if (record.is !== 'stream' || (record.state.epoch === log.epoch && record.state.seq >= log.lastSeq)) return record
    // Another producer writes: all of this log must be compared with what is still there.
    return readRecord(connection, keys, facts, { afterSeq: log.firstSeq - 1, grants: true, known })
  }

  /** Stops following the stream; what is here stays readable. */
  release(): void {
    this.#subscription.stop()
  }

  /** This process produces the stream from now on: the log is the producer's. */
  retire(): void {
    this.#retired = true
    this.release()
    this.stream.log.watchers.delete(this)
    this.stream.log.follow(undefined)
    this.stream.log.holdWindow(false)
  }

  #follow(): void {
    const { log } = this.stream
    if (this.#subscription.begun || log.end || log.lost) return
    this.#owner.followed(this)
    this.#subscription.begin()
  }

  #apply(record: RecordReading): void {
    const { log } = this.stream
    const goesOn = reconcile(log, record)
    if (record.is === 'erased') this.erased = true
    if (!goesOn || record.is !== 'stream') return
    const { state, grants } = record
    for (const [name, seq] of grants) this.grant(name, seq)
    this.#takeState(state)
    this.#presence.arrived()
    if (!state.end && state.leaseLeftMs < 0) this.#owner.lapsed(state)
  }

  #takeState(state: StoredState): void {
    this.stream.log.trimTo(state.firstSeq)
    if (this.#replicated) this.#show(state.watermark ?? 0)
    Object.assign(this.stream.timing, state.timing)
  }

  /** Shows readers what enough replicas have. */
  #show(seq: number): void {
    const { log } = this.stream
    if (this.#replicated && seq > log.stored) log.storedUpTo(Math.min(seq, log.lastSeq))
  }
}

function ignore(): void {}
