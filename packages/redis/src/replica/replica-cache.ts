import {
  Deadline,
  extendReaders,
  type Found,
  type Log,
  type LogWatcher,
  storeFull,
  type StreamName,
} from '@sluice/core/extend'

import { foundWithoutEvents } from '../commands/found-without-events.ts'
import { readRecord, type StoredState } from '../commands/read-record.ts'
import type { StoreContext } from '../context/store-context.ts'
import { Replica, type ReplicaOwner } from './replica.ts'
import { SingleFlight } from './single-flight.ts'

/** How long a log that nobody reads is kept at hand: until the caller that asked for it begins to read. */
const LINGER_MS = 500

/** The readable logs of streams that this process does not produce: those of other processes, and its own ended ones. */
export class ReplicaCache implements ReplicaOwner {
  /** The producer's lease has lapsed. */
  readonly lapsed: (state: StoredState) => void
  readonly #context: StoreContext
  /** Least recently used first. */
  readonly #replicas: Map<string, Replica> = new Map()
  /** Replicas that nobody reads, until they are dropped. */
  readonly #lingering: Map<Replica, Deadline> = new Map()
  /** Logs of streams that were produced here and have ended, while somebody reads them. */
  readonly #finished: Map<string, Log> = new Map()
  /** Look-ups under way. */
  readonly #lookUps: Map<string, SingleFlight<Found>> = new Map()
  #made = 0
  #disposed = false

  constructor(context: StoreContext, lapsed: (state: StoredState) => void) {
    this.#context = context
    this.lapsed = lapsed
  }

  get replicas(): Iterable<Replica> {
    return this.#replicas.values()
  }

  get size(): number {
    return this.#replicas.size + this.#finished.size
  }

  get ended(): number {
    return this.#finished.size + [...this.#replicas.values()].filter(({ stream }) => stream.log.end).length
  }

  /** Brings the replica of this stream up to what the store has now. Many callers at once cost one command. */
  async find(stream: StreamName): Promise<Found> {
    const name = JSON.stringify([stream.tenant, stream.id])
    let lookUp = this.#lookUps.get(name)
    if (!lookUp) {
      lookUp = new SingleFlight(() => this.#find(stream))
      this.#lookUps.set(name, lookUp)
    }
    try {
      return await lookUp.get()
    } finally {
      if (lookUp.idle) this.#lookUps.delete(name)
    }
  }

  async replicaOf(stream: StreamName): Promise<Replica | undefined> {
    await this.find(stream)
    return this.#replicas.get(stream.id)
  }

  /** A stream has changed: its readers here are to see that soon. */
  refresh(id: string): void {
    this.#replicas.get(id)?.catchUp().catch(ignore)
  }

  /** This process produces the stream from now on. */
  handOver(replica: Replica): void {
    replica.retire()
    this.#replicas.delete(replica.stream.facts.id)
  }

  /** This process has finished producing the stream. Its readers keep its log; later ones find the stream in Redis. */
  finished(log: Log): void {
    if (log.lost || log.readers.size === 0) return log.leaveAccount()
    const id = log.streamId
    const watcher: LogWatcher = {
      readersChanged: () => {
        if (log.readers.size > 0) return
        log.watchers.delete(watcher)
        this.#finished.delete(id)
        log.leaveAccount()
      },
    }
    this.#finished.set(id, log)
    log.watchers.add(watcher)
  }

  /** Grants credit to readers of this name, also of a stream that has ended. Gives how many readers there are here. */
  grant({ tenant, id }: StreamName, reader: string, seq: number): number {
    const replica = this.#replicas.get(id)
    const finished = this.#finished.get(id)
    const here = replica?.stream.facts.tenant === tenant ? replica.grant(reader, seq) : 0
    return here + (finished ? extendReaders(finished, reader, seq) : 0)
  }

  /** The stream was erased. */
  forget(id: string): void {
    this.#finished.get(id)?.clear()
    const replica = this.#replicas.get(id)
    if (!replica) return
    // Its readers are notified first; then there is nothing to keep.
    void replica
      .catchUp()
      .catch(ignore)
      .finally(() => this.#drop(replica))
  }

  /** Drops what nobody reads, ended streams first, while all logs together are over their bound. `latest` has yet to be read. */
  evict(latest?: Replica): void {
    if (!this.#isFull) return
    const unread = [...this.#replicas.values()].filter((replica) => !replica.wanted && replica !== latest)
    for (const ended of [true, false]) {
      for (const replica of unread) {
        if (!this.#isFull) return
        if ((replica.stream.log.end !== undefined) === ended) this.#drop(replica)
      }
    }
  }

  /** Takes care that there is room for another log. @throws SluiceError `SLUICE_ERR_OVERLOADED` */
  admit(): void {
    this.evict()
    if (this.#isFull) throw storeFull(this.#context.options.maxBytes)
  }

  /** The same for a stream that is to be read, where it has no log here yet. */
  admitReading({ id }: StreamName): void {
    if (!this.#replicas.has(id)) this.admit()
  }

  get #isFull(): boolean {
    return this.#context.account.bytes > this.#context.options.maxBytes
  }

  dispose(): void {
    this.#disposed = true
    for (const log of this.#finished.values()) log.leaveAccount()
    this.#finished.clear()
    for (const replica of this.#replicas.values()) this.#drop(replica)
    for (const deadline of this.#lingering.values()) this.#context.scheduler.cancel(deadline)
    this.#lingering.clear()
  }

  number(): number {
    return this.#made++
  }

  followed(replica: Replica): void {
    const { id } = replica.stream.facts
    if (!this.#replicas.has(id)) this.#replicas.set(id, replica)
  }

  /** It is dropped after a while, unless somebody reads it by then. */
  idle(replica: Replica): void {
    if (this.#lingering.has(replica) || this.#disposed) return
    const { scheduler } = this.#context
    const deadline = new Deadline({
      due: () => {
        this.#lingering.delete(replica)
        if (!replica.wanted) this.#drop(replica)
      },
    })
    this.#lingering.set(replica, deadline)
    scheduler.schedule(deadline, scheduler.now() + LINGER_MS)
  }

  async #find(stream: StreamName): Promise<Found> {
    const cached = this.#replicas.get(stream.id)
    if (cached?.stream.facts.tenant === stream.tenant && !cached.stream.log.lost) {
      await cached.catchUp()
      if (!cached.stream.log.lost && !cached.erased) return { is: 'stream', stream: cached.stream }
      this.#drop(cached)
    }
    const { connection, keys } = this.#context
    const record = await readRecord(connection, keys, stream, { afterSeq: 0, grants: true })
    if (record.is !== 'stream') return foundWithoutEvents(record)
    const replica = new Replica(this.#context, record, this)
    this.#replicas.set(stream.id, replica)
    this.idle(replica)
    this.evict(replica)
    return { is: 'stream', stream: replica.stream }
  }

  #drop(replica: Replica): void {
    const { facts, log } = replica.stream
    replica.release()
    if (this.#replicas.get(facts.id) === replica) this.#replicas.delete(facts.id)
    log.leaveAccount()
  }
}

function ignore(): void {}
