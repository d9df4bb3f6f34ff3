import {
  type Begun,
  type CloseOptions,
  type Closing,
  createSystemRuntime,
  Deadline,
  type EndEvent,
  extendReaders,
  type Found,
  Hub,
  isSluiceError,
  type Json,
  type Keeping,
  Log,
  type LogAccount,
  type LogWatcher,
  type LookUp,
  type Runtime,
  type Store,
  type StoredStream,
  type StoreHealth,
  type StoreHost,
  type StoreRef,
  type StreamFacts,
  type StreamName,
} from '@sluice/core'

import { beginStream, createInstanceId } from './begin-stream.ts'
import { closeStream } from './close-stream.ts'
import { Keeper, type Kept } from './keeper.ts'
import { Link } from './link.ts'
import { look, type Looked, type StoredState } from './look.ts'
import { Mailbox, type Notice } from './mailbox.ts'
import { Names } from './names.ts'
import { Produced } from './produced.ts'
import { type RedisStoreOptions, resolveRedisStoreOptions } from './redis-store-options.ts'
import { Replica, type ReplicaOwner } from './replica.ts'
import { SCRIPTS } from './scripts.ts'
import { liveMs, nameOf, type Shop } from './shop.ts'
import { checkServer } from './start-up-check.ts'

const MAX_INBOX_MESSAGES = 64
const MAX_INBOX_BYTES = 256 * 1024
const MAX_GRANTS = 1_000
/** How long a log that nobody reads is kept at hand: until who has asked for it begins to read. */
const LINGER_MS = 500

/**
 * Keeps streams on Redis Streams: any instance can serve, resume and cancel any stream. Redis 7.0 up, or Valkey;
 * standalone, Sentinel or Cluster (give a `client` for these).
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const sluice = createSluice({ store: redisStore(process.env.REDIS_URL) })
 * ```
 */
export function redisStore(options: string | RedisStoreOptions | undefined, runtime?: Runtime): RedisStore {
  return new StreamsOnRedis(options, runtime ?? createSystemRuntime())
}

/** A store on Redis. */
export interface RedisStore extends Store {
  /**
   * Resolves once the server has answered and will do.
   *
   * @throws SluiceError `SLUICE_ERR_STORE` when it does not answer, `SLUICE_ERR_OPTION` when it is too old
   */
  ready(): Promise<void>
}

class StreamsOnRedis implements RedisStore, Kept, ReplicaOwner {
  readonly name = 'redis'
  readonly shared = true
  readonly #shop: Shop
  readonly #keeper: Keeper
  readonly #produced: Map<string, Produced> = new Map()
  /** Streams of others, and ended ones; least recently used first. */
  readonly #replicas: Map<string, Replica> = new Map()
  /** Replicas that nobody reads, until they are let go. */
  readonly #lingering: Map<Replica, Deadline> = new Map()
  /** Logs of streams that were produced here and have ended, while somebody reads them. */
  readonly #finished: Map<string, Log> = new Map()
  /** Streams that are being read for the first time. */
  readonly #opening: Map<string, Promise<void>> = new Map()
  #checked: Promise<void> | undefined
  readonly #sender: string = createInstanceId()
  #sent = 0
  #disposed = false

  constructor(given: string | RedisStoreOptions | undefined, runtime: Runtime) {
    const options = resolveRedisStoreOptions(given)
    const hub = new Hub(runtime, false)
    const link = new Link(hub, options)
    const names = new Names(options.prefix)
    const instance = createInstanceId()
    const account: LogAccount = { bytes: 0, grown: () => this.#evict() }
    const mailbox = new Mailbox(link, names, instance, (notice) => this.#noticed(notice))
    this.#shop = { instance, hub, link, names, mailbox, options, account, hosts: [] }
    this.#keeper = new Keeper(this.#shop, this)
    link.onAnswering = () => this.#keeper.due()
    mailbox.onMissed = () => this.#keeper.due()
    // What it says is for `ready`; who does not ask finds out with the first stream.
    this.ready().catch(ignore)
  }

  ready(): Promise<void> {
    this.#checked ??= checkServer(this.#shop.link, this.#shop.options.onWarning).catch((error: unknown) => {
      // One that did not answer may do so now.
      if (!isSluiceError(error) || error.code !== 'SLUICE_ERR_OPTION') this.#checked = undefined
      throw error
    })
    return this.#checked
  }

  get produced(): Iterable<Produced> {
    return this.#produced.values()
  }

  get replicas(): Iterable<Replica> {
    return this.#replicas.values()
  }

  isProducedHere({ id }: StreamName): boolean {
    return this.#produced.has(id)
  }

  serve(host: StoreHost): void {
    this.#shop.hosts.push(host)
  }

  async begin(facts: StreamFacts, keeping: Keeping): Promise<Begun> {
    await this.ready()
    const begun = await beginStream(this.#shop, facts, keeping)
    if (begun.is === 'mismatch') return begun
    if (begun.is !== 'new') return { is: begun.is, stream: this.#hollow(begun.state) }
    void this.#keeper.watch(facts).catch(ignore)
    const log = new Log(facts.id, 1, {
      retentionBytes: keeping.retentionBytes,
      account: this.#shop.account,
      followed: true,
      shows: 'stored',
    })
    const stream: StoredStream = { facts, log, timing: {} }
    this.#produce(stream, keeping)
    return { is: 'new', stream }
  }

  async find(ref: StoreRef, lookUp: LookUp = 'read'): Promise<Found> {
    if ('id' in ref) return this.#findById(ref, lookUp)
    const { link, names } = this.#shop
    const id = await link.ask(() => link.commands.get(names.key(ref.tenant, ref.key)))
    if (id === null) return { is: 'unknown' }
    const found = await this.#findById({ tenant: ref.tenant, id }, lookUp)
    return found.is === 'stream' && !found.stream.log.end ? found : { is: 'unknown' }
  }

  async close(stream: StreamName, end: EndEvent, options: CloseOptions = {}): Promise<Closing> {
    const produced = this.#produced.get(stream.id)
    const keeping = produced?.keeping ?? (await this.#keepingOf(stream))
    if (!keeping) return { is: 'missing' }
    const mode = options.unlessAttended ? 'unlessAttended' : 'always'
    const outcome = await closeStream(this.#shop, stream, { end, keeping, mode, epoch: options.epoch })
    if (outcome.is === 'attended') {
      produced?.attendedBy(outcome.entries)
      return { is: 'attended' }
    }
    if (outcome.is !== 'closed') {
      await produced?.superseded()
      return { is: 'missing' }
    }
    // An end that follows what is here; any other may follow what another producer has written.
    const follows = outcome.first && outcome.epoch - 1 === produced?.stream.log.epoch
    if (follows) produced?.applyEnd(outcome.end, outcome.epoch, outcome.seq)
    else void produced?.superseded().catch(ignore)
    void this.#replicas.get(stream.id)?.catchUp().catch(ignore)
    return outcome
  }

  async erase(stream: StreamName): Promise<void> {
    const { link, names } = this.#shop
    const found = await look(link, names, stream)
    if (found.is !== 'stream') return
    const { id, tenant, owner, key } = found.state.facts
    const keys = [
      names.meta(stream),
      names.log(stream),
      names.readers(stream),
      names.inbox(stream),
      names.grants(stream),
    ]
    const facts = JSON.stringify({ id, tenant, owner, key })
    await link.run(SCRIPTS.erase, keys, [
      facts,
      names.channel(stream),
      names.instances,
      liveMs(found.state.keeping),
      nameOf(stream),
    ])
    this.#forget(id)
    await this.#keeper.unwatch(stream)
  }

  async renew(streams: readonly StreamName[], leaseMs: number): Promise<readonly StreamName[]> {
    const kept = await Promise.all(
      streams.map(async ({ tenant, id }) => {
        const produced = this.#produced.get(id)
        return produced?.stream.facts.tenant === tenant && (await this.#keeper.renew(produced, leaseMs))
      }),
    )
    return streams.filter((_, index) => !kept[index])
  }

  async send(stream: StreamName, message: Json): Promise<boolean> {
    const { link, names } = this.#shop
    const args = [JSON.stringify(message), MAX_INBOX_MESSAGES, MAX_INBOX_BYTES, names.instances, 3_600_000]
    const outcome = await link.run(
      SCRIPTS.send,
      [names.meta(stream), names.inbox(stream)],
      [...args, nameOf(stream), this.#sender, ++this.#sent],
    )
    return outcome === 'ok'
  }

  async grant(stream: StreamName, reader: string, seq: number): Promise<number> {
    const { link, names } = this.#shop
    const notice = JSON.stringify({ about: 'grant', tenant: stream.tenant, id: stream.id, reader, seq })
    const told = await link.run(
      SCRIPTS.grant,
      [names.meta(stream), names.grants(stream)],
      [reader, seq, MAX_GRANTS, names.channel(stream), names.instances, 3_600_000, notice],
    )
    // This process is told too, of what it follows; it has done it already.
    return Math.max(this.#grantHere(stream, reader, seq), Number(told) - 1)
  }

  async settled(stream: StreamName): Promise<void> {
    await this.#keeper.settled(stream)
  }

  health(): StoreHealth {
    if (this.#shop.link.silentSinceMs === undefined) return 'ok'
    return this.#shop.options.onStoreOutage === 'degrade' ? 'degraded' : 'down'
  }

  usage(): { bytes: number; streams: number; live: number } {
    const ended = this.#finished.size + [...this.#replicas.values()].filter(({ stream }) => stream.log.end).length
    const streams = this.#produced.size + this.#replicas.size + this.#finished.size
    return { bytes: this.#shop.account.bytes, streams, live: streams - ended }
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#keeper.stop()
    for (const { outbox } of this.#produced.values()) outbox.stop()
    for (const { stream } of this.#produced.values()) stream.log.leaveAccount()
    this.#produced.clear()
    for (const log of this.#finished.values()) log.leaveAccount()
    this.#finished.clear()
    for (const replica of this.#replicas.values()) this.#letGo(replica)
    for (const deadline of this.#lingering.values()) this.#shop.hub.cancel(deadline)
    this.#lingering.clear()
    this.#shop.link.close()
  }

  lapsed(state: StoredState): void {
    void this.#keeper.judge(state).catch(ignore)
  }

  followed(replica: Replica): void {
    const { id } = replica.stream.facts
    if (!this.#replicas.has(id)) this.#replicas.set(id, replica)
  }

  /** It is let go after a while, unless somebody comes. */
  idle(replica: Replica): void {
    if (this.#lingering.has(replica) || this.#disposed) return
    const { hub } = this.#shop
    const deadline = new Deadline({
      due: () => {
        this.#lingering.delete(replica)
        if (!replica.wanted) this.#letGo(replica)
      },
    })
    this.#lingering.set(replica, deadline)
    hub.schedule(deadline, hub.now() + LINGER_MS)
  }

  async takeOver(state: StoredState, epoch: number): Promise<void> {
    const { facts, keeping } = state
    const replica = await this.#replicaOf(facts)
    const host = this.#shop.hosts.find((one) => facts.source !== undefined && one.canRun(facts.source.name))
    if (!replica || !host) return
    await replica.catchUp()
    const { end, lost } = replica.stream.log
    if (end || lost) return
    replica.retire()
    this.#replicas.delete(facts.id)
    replica.stream.log.epoch = epoch
    this.#produce(replica.stream, keeping)
    host.takeOver(replica.stream)
  }

  async settle(state: StoredState): Promise<boolean> {
    const replica = await this.#replicaOf(state.facts)
    if (!replica?.stream.log.end) return false
    const settled = this.#shop.hosts.filter(({ settles }) => settles).map((host) => host.settle(replica.stream))
    return (await Promise.all(settled)).every(Boolean)
  }

  #produce(stream: StoredStream, keeping: Keeping): void {
    const { id } = stream.facts
    const produced = new Produced(this.#shop, stream, keeping, (end) => {
      this.#keeper.bury(stream, keeping, end)
    })
    this.#produced.set(id, produced)
    stream.log.watchers.add({
      ended: () => this.#ended(id, stream),
      lost: () => this.#left(id, stream),
    })
  }

  #ended(id: string, stream: StoredStream): void {
    this.#left(id, stream)
    if (!this.#shop.hosts.some(({ settles }) => settles)) void this.#keeper.unwatch(stream.facts).catch(ignore)
  }

  /** It is not produced here any more. Who reads on has its log; who comes finds it in Redis. */
  #left(id: string, { log }: StoredStream): void {
    this.#produced.delete(id)
    const finished: LogWatcher = {
      readersChanged: () => {
        if (log.readers.size > 0) return
        log.watchers.delete(finished)
        this.#finished.delete(id)
        log.leaveAccount()
      },
    }
    if (log.lost || log.readers.size === 0) return log.leaveAccount()
    this.#finished.set(id, log)
    log.watchers.add(finished)
  }

  async #findById(stream: StreamName, lookUp: LookUp): Promise<Found> {
    const produced = this.#produced.get(stream.id)
    if (produced && !produced.over && produced.stream.facts.tenant === stream.tenant) {
      return { is: 'stream', stream: produced.stream }
    }
    if (lookUp === 'look') return this.#look(stream, lookUp)
    // Many who come at once cost one read, and one more for what the later ones may have seen that it had not.
    const opening = this.#opening.get(stream.id)
    if (opening) await opening
    const held = this.#replicas.get(stream.id)
    if (held?.stream.facts.tenant === stream.tenant && !held.stream.log.lost) {
      await held.catchUp()
      if (!held.stream.log.lost && !held.erased) return { is: 'stream', stream: held.stream }
      this.#letGo(held)
    }
    const looking = this.#look(stream, lookUp)
    this.#opening.set(
      stream.id,
      looking.then(ignore, ignore).finally(() => this.#opening.delete(stream.id)),
    )
    return looking
  }

  async #look(stream: StreamName, lookUp: LookUp): Promise<Found> {
    const { link, names } = this.#shop
    const looked = await look(link, names, stream, { afterSeq: lookUp === 'read' ? 0 : undefined })
    if (looked.is === 'missing') return { is: 'unknown' }
    if (looked.is === 'erased') {
      const { facts, epoch, seq, end } = looked
      const { id, tenant, owner, key } = facts
      return { is: 'tombstone', tombstone: { facts: { id, tenant, owner, key }, epoch, seq, end } }
    }
    if (lookUp === 'look') return { is: 'stream', stream: this.#hollow(looked.state) }
    return { is: 'stream', stream: this.#hold(looked).stream }
  }

  async #replicaOf(stream: StreamName): Promise<Replica | undefined> {
    await this.#findById(stream, 'read')
    return this.#replicas.get(stream.id)
  }

  #hold(looked: Looked & { is: 'stream' }): Replica {
    const { id } = looked.state.facts
    const raced = this.#replicas.get(id)
    if (raced && !raced.stream.log.lost) return raced
    const replica = new Replica(this.#shop, looked, this)
    this.#replicas.set(id, replica)
    this.idle(replica)
    this.#evict()
    return replica
  }

  /** Facts and positions, no events. */
  #hollow({ facts, keeping, epoch, seq, end, usage, timing }: StoredState): StoredStream {
    const log = new Log(facts.id, epoch, {
      retentionBytes: keeping.retentionBytes,
      from: { seq, epoch, usage, end },
    })
    return { facts, log, timing: { ...timing } }
  }

  async #keepingOf(stream: StreamName): Promise<Keeping | undefined> {
    const { link, names } = this.#shop
    const looked = await look(link, names, stream)
    return looked.is === 'stream' ? looked.state.keeping : undefined
  }

  /** Also to who still reads a stream that has ended. Gives how many readers there are of that name. */
  #grantHere({ tenant, id }: StreamName, reader: string, seq: number): number {
    const replica = this.#replicas.get(id)?.stream
    const logs = [replica?.facts.tenant === tenant ? replica.log : undefined, this.#finished.get(id)]
    return logs.reduce((readers, log) => readers + (log ? extendReaders(log, reader, seq) : 0), 0)
  }

  #noticed(notice: Notice): void {
    this.#produced.get(notice.id)?.heard(notice)
    if (notice.about === 'grant') this.#grantHere(notice, notice.reader, notice.seq)
    if (notice.about === 'erased') this.#forget(notice.id)
  }

  #forget(id: string): void {
    this.#finished.get(id)?.clear()
    const replica = this.#replicas.get(id)
    if (!replica) return
    // Those who read it are told; then there is nothing to hold.
    void replica
      .catchUp()
      .catch(ignore)
      .finally(() => this.#letGo(replica))
  }

  #letGo(replica: Replica): void {
    const { facts, log } = replica.stream
    replica.release()
    if (this.#replicas.get(facts.id) === replica) this.#replicas.delete(facts.id)
    log.leaveAccount()
  }

  #evict(): void {
    const { account, options } = this.#shop
    for (const replica of this.#replicas.values()) {
      if (account.bytes <= options.maxBytes) return
      if (!replica.wanted) this.#letGo(replica)
    }
  }
}

function ignore(): void {}
