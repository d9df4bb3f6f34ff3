import { createSystemRuntime, type EndEvent, type Json, type Runtime, type Store, type StoreHealth } from '@sluice/core'
import {
  type Begun,
  type CloseOptions,
  type Closing,
  type Found,
  type Keeping,
  Log,
  type LookUp,
  requireInteger,
  type StoredStream,
  type StoreHost,
  type StoreRef,
  streamBytes,
  type StreamFacts,
  type StreamName,
} from '@sluice/core/extend'

import { beginStream } from './commands/begin-stream.ts'
import { closeStream } from './commands/close-stream.ts'
import { eraseStream } from './commands/erase-stream.ts'
import { streamWithoutEvents } from './commands/found-without-events.ts'
import { Sender } from './commands/sender.ts'
import { type RedisStoreOptions, resolveRedisStoreOptions } from './connection/redis-store-options.ts'
import { StartUpCheck } from './start-up/start-up-check.ts'
import { openStoreContext } from './context/open-store-context.ts'
import type { StoreContext } from './context/store-context.ts'
import { ProducedStreams } from './producing/produced-streams.ts'
import type { Notice } from './protocol/notice.ts'
import { textIn } from './protocol/replies.ts'
import { SCRIPTS } from './protocol/scripts.ts'
import { ReplicaCache } from './replica/replica-cache.ts'
import { StreamLookup } from './stream-lookup.ts'
import { Maintenance } from './upkeep/maintenance.ts'
import { Takeover } from './upkeep/takeover.ts'

/**
 * Keeps streams on Redis Streams: any instance can serve, resume and cancel any stream. Redis 7.0 up, or Valkey;
 * standalone, Sentinel or Cluster.
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
   * Resolves once the server has answered, and has done once all that the store will ask of it. One that cannot be reached
   * yet is waited for, `waitMs` at most.
   *
   * @throws SluiceError `SLUICE_ERR_STORE` when it does not answer, `SLUICE_ERR_OPTION` when something must be changed first:
   * its version, the rights of the user, the kind of URL, certificates
   */
  ready(): Promise<void>
  /**
   * Agrees with all processes on this Redis on a value: that of whoever proposed one first. It holds for `ttlMs`
   * milliseconds, or for ever.
   *
   * @throws SluiceError `SLUICE_ERR_STORE` when Redis does not answer: the proposal may hold all the same
   * @example
   * ```ts
   * const store = redisStore(process.env.REDIS_URL)
   * const secret = await store.agree('ticket-secret', crypto.randomUUID() + crypto.randomUUID())
   * ```
   */
  agree(name: string, proposal: string, ttlMs?: number): Promise<string>
}

class StreamsOnRedis implements RedisStore {
  readonly name = 'redis'
  readonly shared = true
  readonly #context: StoreContext
  readonly #maintenance: Maintenance
  readonly #produced: ProducedStreams
  readonly #replicas: ReplicaCache
  readonly #lookup: StreamLookup
  readonly #startUpCheck: StartUpCheck
  readonly #sender: Sender
  #disposed = false

  constructor(given: string | RedisStoreOptions | undefined, runtime: Runtime) {
    const options = resolveRedisStoreOptions(given)
    this.#context = openStoreContext(options, runtime, {
      notified: (notice) => this.#notified(notice),
      grown: () => this.#replicas.evict(),
    })
    const { connection, subscriptions, wakeUps } = this.#context
    this.#startUpCheck = new StartUpCheck(this.#context, wakeUps)
    this.#sender = new Sender(this.#context)
    this.#replicas = new ReplicaCache(this.#context, (state) => void this.#maintenance.judge(state).catch(ignore))
    this.#produced = new ProducedStreams(this.#context, this.#replicas, {
      ended: (stream) => this.#maintenance.ended(stream),
      endPending: (stream, keeping, end) => this.#maintenance.endPending(stream, keeping, end),
    })
    this.#lookup = new StreamLookup(this.#context, this.#produced, this.#replicas)
    this.#maintenance = new Maintenance(this.#context, new Takeover(this.#context, this.#produced, this.#replicas))
    connection.health.onAnswering = () => this.#maintenance.hurry()
    subscriptions.onMissed = () => this.#maintenance.hurry()
    wakeUps.onDeaf = () => this.#maintenance.hurry()
    // Its error is for callers of `ready`; others get it with their first stream.
    this.#usable().catch(ignore)
  }

  ready(): Promise<void> {
    return this.#startUpCheck.passedInTime()
  }

  /** As `ready`, without waiting: who starts a stream is told soon. */
  #usable(): Promise<void> {
    return this.#startUpCheck.passed()
  }

  async agree(name: string, proposal: string, ttlMs?: number): Promise<string> {
    const ms = ttlMs === undefined ? 0 : requireInteger('ttlMs', ttlMs, 1, Number.MAX_SAFE_INTEGER)
    await this.#usable()
    const { connection, keys } = this.#context
    return textIn(await connection.run(SCRIPTS.agree, [keys.agreed(name)], [proposal, ms]))
  }

  serve(host: StoreHost): void {
    this.#context.hosts.push(host)
  }

  async begin(facts: StreamFacts, keeping: Keeping): Promise<Begun> {
    await this.#usable()
    const watch = (): void => void this.#maintenance.watch(facts).catch(ignore)
    const begun = await beginStream(this.#context, facts, { keeping, admit: () => this.#replicas.admit(), watch })
    if (begun.is === 'mismatch') return begun
    if (begun.is !== 'new') return { is: begun.is, stream: streamWithoutEvents(begun.state) }
    const log = new Log(facts.id, 1, {
      retentionBytes: keeping.retentionBytes,
      account: this.#context.account,
      streamBytes: streamBytes(facts),
      followed: true,
      shows: 'stored',
    })
    const stream: StoredStream = { facts, log, timing: {} }
    this.#produced.add(stream, keeping)
    return { is: 'new', stream }
  }

  find(ref: StoreRef, lookUp: LookUp = 'read'): Promise<Found> {
    return this.#lookup.find(ref, lookUp)
  }

  async close(stream: StreamName, end: EndEvent, options: CloseOptions = {}): Promise<Closing> {
    const produced = this.#produced.get(stream.id)
    const keeping = produced?.keeping ?? (await this.#lookup.keepingOf(stream))
    if (!keeping) return { is: 'missing' }
    const mode = options.unlessAttended ? 'unlessAttended' : 'always'
    const outcome = await closeStream(this.#context, stream, { end, keeping, mode, epoch: options.epoch })
    if (outcome.is === 'attended') {
      produced?.attendedBy(outcome.reports)
      return { is: 'attended' }
    }
    if (outcome.is !== 'closed') {
      await produced?.superseded()
      return { is: 'missing' }
    }
    // An end that follows the events of this process; any other may follow what another producer has written.
    const follows = outcome.first && outcome.epoch - 1 === produced?.stream.log.epoch
    if (follows) produced?.applyEnd(outcome.end, outcome.epoch, outcome.seq)
    else void produced?.superseded().catch(ignore)
    this.#replicas.refresh(stream.id)
    return outcome
  }

  async erase(stream: StreamName): Promise<void> {
    if (!(await eraseStream(this.#context, stream))) return
    this.#replicas.forget(stream.id)
    await this.#maintenance.unwatch(stream)
  }

  renew(streams: readonly StreamName[], leaseMs: number): Promise<readonly StreamName[]> {
    return this.#produced.renew(streams, leaseMs)
  }

  send(stream: StreamName, message: Json): Promise<boolean> {
    return this.#sender.send(stream, message)
  }

  async grant(stream: StreamName, reader: string, seq: number): Promise<number> {
    const elsewhere = await this.#sender.grant(stream, reader, seq)
    return Math.max(this.#replicas.grant(stream, reader, seq), elsewhere)
  }

  async settled(stream: StreamName): Promise<void> {
    await this.#maintenance.settled(stream)
  }

  health(): StoreHealth {
    if (this.#context.connection.silentSinceMs === undefined) return this.#context.wakeUps.isDeaf ? 'degraded' : 'ok'
    return this.#context.options.onStoreOutage === 'degrade' ? 'degraded' : 'down'
  }

  usage(): { bytes: number; streams: number; live: number } {
    const streams = this.#produced.size + this.#replicas.size
    return { bytes: this.#context.account.bytes, streams, live: streams - this.#replicas.ended }
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#maintenance.stop()
    this.#startUpCheck.stop()
    this.#context.wakeUps.stop()
    this.#produced.dispose()
    this.#replicas.dispose()
    this.#context.connection.close()
  }

  #notified(notice: Notice): void {
    const produced = this.#produced.get(notice.id)
    if (produced?.stream.facts.tenant === notice.tenant) produced.notified(notice)
    if (notice.about === 'grant') this.#replicas.grant(notice, notice.reader, notice.seq)
    if (notice.about === 'erased') this.#replicas.forget(notice.id)
  }
}

function ignore(): void {}
