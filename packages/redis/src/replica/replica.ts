import { extendReaders, Log, type LogPersister, type LogWatcher, type StoredStream } from '@sluice/core'

import { decodeChunk } from '../protocol/chunk-codec.ts'
import { type Subscriber, StreamSubscription } from './stream-subscription.ts'
import { readRecord, type RecordReading, type StoredState } from '../commands/read-record.ts'
import { parseNotice } from '../connection/subscriptions.ts'
import { Presence } from './presence.ts'
import { reconcile, takeChunk } from './reconcile.ts'
import { SingleFlight } from './single-flight.ts'
import type { StoreContext } from '../context/store-context.ts'

/** What a replica's owner is told. */
export interface ReplicaOwner {
  /** The producer's lease has lapsed, or is about to be judged. */
  lapsed(state: StoredState): void
  /** Somebody reads it, again perhaps after it was let go. */
  followed(replica: Replica): void
  /** Nobody reads it any more, or it is over: it may be let go. */
  idle(replica: Replica): void
}

const CHARGE_FACTOR = 8

/**
 * A stream of another process as this one reads it. Entries are heard as they are published; each must follow the one
 * before, and whatever is missing, late or of a new epoch is fetched from the store: the log there is the truth.
 */
export class Replica implements Subscriber, LogWatcher, LogPersister {
  readonly stream: StoredStream
  readonly #context: StoreContext
  readonly #owner: ReplicaOwner
  readonly #following: StreamSubscription
  readonly #presence: Presence
  readonly #replicated: boolean
  /** True once nothing is kept of it anywhere but a tombstone. */
  erased = false
  readonly #catching: SingleFlight<void> = new SingleFlight(() => this.#catchUpOnce())

  constructor(context: StoreContext, { state, chunks }: RecordReading & { is: 'stream' }, owner: ReplicaOwner) {
    this.#context = context
    this.#owner = owner
    const { facts, keeping, timing } = state
    this.#replicated = typeof keeping.durability === 'object'
    const firstSeq = chunks[0]?.firstSeq ?? state.seq + 1
    const log = new Log(facts.id, chunks[0]?.epoch ?? state.epoch, {
      // The store counts the bytes of its entries, a log what its events are charged: small tokens weigh more here.
      retentionBytes: keeping.retentionBytes * CHARGE_FACTOR,
      account: context.account,
      from: { seq: firstSeq - 1, epoch: chunks[0]?.epoch ?? state.epoch },
      followed: this.#replicated,
      shows: this.#replicated ? 'stored' : 'appended',
    })
    this.stream = { facts, log, timing: { ...timing } }
    this.#following = new StreamSubscription(context, facts, this)
    this.#presence = new Presence(context, this.stream, keeping.windowBytes)
    for (const chunk of chunks) takeChunk(log, chunk)
    this.#afterLook(state)
    log.watchers.add(this)
    log.follow(this)
  }

  /** Whether somebody here wants to know how it goes on. */
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
    if (log.readers.size > 0) this.#follow()
    else if (log.end) this.release()
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
    // Nothing more is said, but a reader that ran out of credit is yet to be granted the rest.
    if (log.readers.size === 0) this.release()
    this.#owner.idle(this)
  }

  lost(): void {
    this.release()
    this.#owner.idle(this)
  }

  /** Tells the producer again who reads here. */
  report(): void {
    this.#presence.report()
  }

  heard(message: string): void {
    if (message.startsWith('[')) {
      if (!this.#hear(message)) void this.catchUp().catch(ignore)
    } else if (message.startsWith('stored:')) this.#show(Number(message.slice('stored:'.length)))
    else if (message === 'erased') void this.catchUp().catch(ignore)
    else {
      const notice = parseNotice(message)
      if (notice?.about === 'grant') extendReaders(this.stream.log, notice.reader, notice.seq)
    }
  }

  /** `false`: the log must be asked; anybody may publish anything. */
  #hear(message: string): boolean {
    try {
      return takeChunk(this.stream.log, decodeChunk(message), true)
    } catch {
      return false
    }
  }

  /** Brings the log up to what the store has now. @throws SluiceError `SLUICE_ERR_STORE` */
  catchUp(): Promise<void> {
    return this.#catching.get()
  }

  async #catchUpOnce(): Promise<void> {
    const { connection, keys } = this.#context
    const { log, facts } = this.stream
    if (log.lost) return
    let looked = await readRecord(connection, keys, facts, { afterSeq: log.lastSeq, grants: true })
    this.#following.looked()
    if (looked.is === 'stream' && (looked.state.epoch !== log.epoch || looked.state.seq < log.lastSeq)) {
      // Another producer writes: whether what is here is still what is there is seen by comparing all of it.
      looked = await readRecord(connection, keys, facts, { afterSeq: log.firstSeq - 1, grants: true })
    }
    this.#apply(looked)
  }

  /** Nothing is heard any more; what is here stays readable. */
  release(): void {
    this.#following.stop()
  }

  /** This process produces it from now on: its log is the producer's. */
  retire(): void {
    this.release()
    this.stream.log.watchers.delete(this)
    this.stream.log.follow(undefined)
  }

  #follow(): void {
    const { log } = this.stream
    if (this.#following.begun || log.end || log.lost) return
    this.#owner.followed(this)
    this.#following.begin()
  }

  #apply(looked: RecordReading): void {
    const { log } = this.stream
    const goesOn = reconcile(log, looked)
    if (looked.is === 'erased') this.erased = true
    if (!goesOn || looked.is !== 'stream') return
    const { state, grants } = looked
    for (const [name, seq] of grants) extendReaders(log, name, seq)
    this.#afterLook(state)
    if (!state.end && state.leaseLeftMs < 0) this.#owner.lapsed(state)
  }

  #afterLook(state: StoredState): void {
    if (this.#replicated) this.#show(state.watermark ?? 0)
    Object.assign(this.stream.timing, state.timing)
  }

  #show(seq: number): void {
    const { log } = this.stream
    if (this.#replicated && seq > log.stored) log.storedUpTo(Math.min(seq, log.lastSeq))
  }
}

function ignore(): void {}
