import {
  type Begun,
  type CloseOptions,
  type Closing,
  createSystemRuntime,
  type EndEvent,
  type Found,
  Hub,
  isSluiceError,
  type Json,
  type Keeping,
  Log,
  type LogAccount,
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

import { Appends } from './appends.ts'
import { beginStream, createInstanceId } from './begin-stream.ts'
import { closeStream } from './close-stream.ts'
import { eraseStream } from './erase-stream.ts'
import { foundWithoutEvents, streamWithoutEvents } from './found-without-events.ts'
import { HeldStreams } from './held-streams.ts'
import { Keeper, type Kept } from './keeper.ts'
import { Link } from './link.ts'
import { look, type StoredState } from './look.ts'
import { Mailbox, type Notice } from './mailbox.ts'
import { Names } from './names.ts'
import { Produced } from './produced.ts'
import { type RedisStoreOptions, resolveRedisStoreOptions } from './redis-store-options.ts'
import type { Replica } from './replica.ts'
import { Sender } from './sender.ts'
import type { Shop } from './shop.ts'
import { checkServer } from './start-up-check.ts'

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

class StreamsOnRedis implements RedisStore, Kept {
  readonly name = 'redis'
  readonly shared = true
  readonly #shop: Shop
  readonly #keeper: Keeper
  readonly #produced: Map<string, Produced> = new Map()
  readonly #held: HeldStreams
  #checked: Promise<void> | undefined
  readonly #sender: Sender
  #disposed = false

  constructor(given: string | RedisStoreOptions | undefined, runtime: Runtime) {
    const options = resolveRedisStoreOptions(given)
    const hub = new Hub(runtime, false)
    const link = new Link(hub, options)
    const names = new Names(options.prefix)
    const instance = createInstanceId()
    const account: LogAccount = { bytes: 0, grown: () => this.#held.evict() }
    const mailbox = new Mailbox(link, names, instance, (notice) => this.#noticed(notice))
    this.#shop = { instance, hub, link, appends: new Appends(hub, link), names, mailbox, options, account, hosts: [] }
    this.#sender = new Sender(this.#shop)
    this.#keeper = new Keeper(this.#shop, this)
    this.#held = new HeldStreams(this.#shop, (state) => void this.#keeper.judge(state).catch(ignore))
    link.health.onAnswering = () => this.#keeper.due()
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
    return this.#held.replicas
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
    if (begun.is !== 'new') return { is: begun.is, stream: streamWithoutEvents(begun.state) }
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
    this.#held.refresh(stream.id)
    return outcome
  }

  async erase(stream: StreamName): Promise<void> {
    if (!(await eraseStream(this.#shop, stream))) return
    this.#held.forget(stream.id)
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

  send(stream: StreamName, message: Json): Promise<boolean> {
    return this.#sender.send(stream, message)
  }

  async grant(stream: StreamName, reader: string, seq: number): Promise<number> {
    const elsewhere = await this.#sender.grant(stream, reader, seq)
    return Math.max(this.#held.grant(stream, reader, seq), elsewhere)
  }

  async settled(stream: StreamName): Promise<void> {
    await this.#keeper.settled(stream)
  }

  health(): StoreHealth {
    if (this.#shop.link.silentSinceMs === undefined) return 'ok'
    return this.#shop.options.onStoreOutage === 'degrade' ? 'degraded' : 'down'
  }

  usage(): { bytes: number; streams: number; live: number } {
    const streams = this.#produced.size + this.#held.size
    return { bytes: this.#shop.account.bytes, streams, live: streams - this.#held.ended }
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#keeper.stop()
    for (const { outbox } of this.#produced.values()) outbox.stop()
    for (const { stream } of this.#produced.values()) stream.log.leaveAccount()
    this.#produced.clear()
    this.#held.dispose()
    this.#shop.link.close()
  }

  async takeOver(state: StoredState, epoch: number): Promise<void> {
    const { facts, keeping } = state
    const replica = await this.#held.replicaOf(facts)
    const host = this.#shop.hosts.find((one) => facts.source !== undefined && one.canRun(facts.source.name))
    if (!replica || !host) return
    await replica.catchUp()
    const { end, lost } = replica.stream.log
    if (end || lost) return
    this.#held.handOver(replica)
    replica.stream.log.epoch = epoch
    this.#produce(replica.stream, keeping)
    host.takeOver(replica.stream)
  }

  async settle(state: StoredState): Promise<boolean> {
    const replica = await this.#held.replicaOf(state.facts)
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
      ended: () => this.#ended(stream),
      lost: () => this.#left(stream),
    })
  }

  #ended(stream: StoredStream): void {
    this.#left(stream)
    if (!this.#shop.hosts.some(({ settles }) => settles)) void this.#keeper.unwatch(stream.facts).catch(ignore)
  }

  /** It is not produced here any more. */
  #left({ facts, log }: StoredStream): void {
    this.#produced.delete(facts.id)
    this.#held.finished(log)
  }

  async #findById(stream: StreamName, lookUp: LookUp): Promise<Found> {
    const produced = this.#produced.get(stream.id)
    await produced?.undoubted()
    if (produced && !produced.over && produced.stream.facts.tenant === stream.tenant) {
      return { is: 'stream', stream: produced.stream }
    }
    if (lookUp === 'read') return this.#held.find(stream)
    return foundWithoutEvents(await look(this.#shop.link, this.#shop.names, stream))
  }

  async #keepingOf(stream: StreamName): Promise<Keeping | undefined> {
    const { link, names } = this.#shop
    const looked = await look(link, names, stream)
    return looked.is === 'stream' ? looked.state.keeping : undefined
  }

  #noticed(notice: Notice): void {
    this.#produced.get(notice.id)?.heard(notice)
    if (notice.about === 'grant') this.#held.grant(notice, notice.reader, notice.seq)
    if (notice.about === 'erased') this.#held.forget(notice.id)
  }
}

function ignore(): void {}
