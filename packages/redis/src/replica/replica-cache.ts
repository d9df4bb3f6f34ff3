import { Deadline, extendReaders, type Found, type Log, type LogWatcher, type StreamName } from '@sluice/core'

import { foundWithoutEvents } from '../commands/found-without-events.ts'
import { readRecord, type StoredState } from '../commands/read-record.ts'
import { Replica, type ReplicaOwner } from './replica.ts'
import { SingleFlight } from './single-flight.ts'
import type { StoreContext } from '../context/store-context.ts'

/** How long a log that nobody reads is kept at hand: until who has asked for it begins to read. */
const LINGER_MS = 500

/** What this process holds, to be read, of streams that it does not produce: those of others, and ended ones of its own. */
export class ReplicaCache implements ReplicaOwner {
  /** The producer's lease has lapsed. */
  readonly lapsed: (state: StoredState) => void
  readonly #context: StoreContext
  /** Least recently used first. */
  readonly #replicas: Map<string, Replica> = new Map()
  /** Replicas that nobody reads, until they are let go. */
  readonly #lingering: Map<Replica, Deadline> = new Map()
  /** Logs of streams that were produced here and have ended, while somebody reads them. */
  readonly #finished: Map<string, Log> = new Map()
  /** Streams that are being looked for. */
  readonly #looking: Map<string, SingleFlight<Found>> = new Map()
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

  /** Brings what is held of this stream up to what the store has by now. Many who come at once cost one look. */
  async find(stream: StreamName): Promise<Found> {
    const name = JSON.stringify([stream.tenant, stream.id])
    let looking = this.#looking.get(name)
    if (!looking) {
      looking = new SingleFlight(() => this.#find(stream))
      this.#looking.set(name, looking)
    }
    try {
      return await looking.get()
    } finally {
      if (looking.idle) this.#looking.delete(name)
    }
  }

  async replicaOf(stream: StreamName): Promise<Replica | undefined> {
    await this.find(stream)
    return this.#replicas.get(stream.id)
  }

  /** Something has happened to a stream: whoever reads it here is told soon. */
  refresh(id: string): void {
    this.#replicas.get(id)?.catchUp().catch(ignore)
  }

  /** It is produced here from now on. */
  handOver(replica: Replica): void {
    replica.retire()
    this.#replicas.delete(replica.stream.facts.id)
  }

  /** Its producer here is done with it. Who reads on has its log; who comes finds it in Redis. */
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

  /** Credit for readers of this name, also of a stream that has ended. Gives how many there are here. */
  grant({ tenant, id }: StreamName, reader: string, seq: number): number {
    const replica = this.#replicas.get(id)?.stream
    const logs = [replica?.facts.tenant === tenant ? replica.log : undefined, this.#finished.get(id)]
    return logs.reduce((readers, log) => readers + (log ? extendReaders(log, reader, seq) : 0), 0)
  }

  /** It was erased. */
  forget(id: string): void {
    this.#finished.get(id)?.clear()
    const replica = this.#replicas.get(id)
    if (!replica) return
    // Those who read it are told; then there is nothing to hold.
    void replica
      .catchUp()
      .catch(ignore)
      .finally(() => this.#letGo(replica))
  }

  /** Lets go what nobody reads, while all logs together are over their bound. */
  evict(): void {
    const { account, options } = this.#context
    for (const replica of this.#replicas.values()) {
      if (account.bytes <= options.maxBytes) return
      if (!replica.wanted) this.#letGo(replica)
    }
  }

  dispose(): void {
    this.#disposed = true
    for (const log of this.#finished.values()) log.leaveAccount()
    this.#finished.clear()
    for (const replica of this.#replicas.values()) this.#letGo(replica)
    for (const deadline of this.#lingering.values()) this.#context.scheduler.cancel(deadline)
    this.#lingering.clear()
  }

  followed(replica: Replica): void {
    const { id } = replica.stream.facts
    if (!this.#replicas.has(id)) this.#replicas.set(id, replica)
  }

  /** It is let go after a while, unless somebody comes. */
  idle(replica: Replica): void {
    if (this.#lingering.has(replica) || this.#disposed) return
    const { scheduler } = this.#context
    const deadline = new Deadline({
      due: () => {
        this.#lingering.delete(replica)
        if (!replica.wanted) this.#letGo(replica)
      },
    })
    this.#lingering.set(replica, deadline)
    scheduler.schedule(deadline, scheduler.now() + LINGER_MS)
  }

  async #find(stream: StreamName): Promise<Found> {
    const held = this.#replicas.get(stream.id)
    if (held?.stream.facts.tenant === stream.tenant && !held.stream.log.lost) {
      await held.catchUp()
      if (!held.stream.log.lost && !held.erased) return { is: 'stream', stream: held.stream }
      this.#letGo(held)
    }
    const { connection, keys } = this.#context
    const looked = await readRecord(connection, keys, stream, { afterSeq: 0 })
    if (looked.is !== 'stream') return foundWithoutEvents(looked)
    const replica = new Replica(this.#context, looked, this)
    this.#replicas.set(stream.id, replica)
    this.idle(replica)
    this.evict()
    return { is: 'stream', stream: replica.stream }
  }

  #letGo(replica: Replica): void {
    const { facts, log } = replica.stream
    replica.release()
    if (this.#replicas.get(facts.id) === replica) this.#replicas.delete(facts.id)
    log.leaveAccount()
  }
}

function ignore(): void {}
