import { type AttachOptions, attachStream } from './attach.ts'
import { awaitStep, type InfoOptions } from './await-step.ts'
import { locate, type RefOptions, type StreamRef } from './locate.ts'
import { cancelStream } from './cancel.ts'
import type { Bodies } from '../access/bodies.ts'
import { type Action, type Actor, requireActor, type StreamIdentity } from '../access/principal.ts'
import { Connection } from '../wire/connection.ts'
import type { ConnectionOptions } from '../wire/connection-reading.ts'
import { DEFAULT_DRAIN_MS, drainEngine } from './drain.ts'
import { type Engine, requireAuthority } from './engine.ts'
import { SluiceError } from '../events/errors.ts'
import type { DataEvents, EndCause } from '../events/event.ts'
import type { Json } from '../events/json.ts'
import { requireInteger } from '../events/option-rules.ts'
import type { Observer } from '../observe/observer.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import { extendReaders, reportToReaders } from '../reader/reader.ts'
import { type ReaderOptions, resolveReaderOptions, type ResolvedReaderOptions } from '../reader/options.ts'
import type { Sink } from '../wire/sink.ts'
import { createEngine, type SluiceOptions } from './options.ts'
import type { ClientReport } from '../reader/client-report.ts'
import { type SluiceStats, statsOf } from './stats.ts'
import type { Source } from '../source/source.ts'
import { type StartOptions, startStream } from './start.ts'
import type { StoredStream } from '../store/store.ts'
import type { NamedSource } from '../store/stream-facts.ts'
import { hostOf } from './takeover.ts'
import type { ResolvedStreamOptions, StreamOptions } from '../store/stream-options.ts'
import { infoOf, type StreamInfo } from '../store/info.ts'
import { resultOf, type StreamResult } from '../store/result.ts'
import type { TokenStream } from './token-stream.ts'

const MAX_WAIT_MS = 3_600_000

/** Flow control for a reader on a one-way wire. */
export interface AckOptions extends RefOptions {
  /** Name the reader gave when it attached. */
  reader: string
  /** How many events past the cursor may be sent. Absolute, so repeating an ack changes nothing. */
  credit: number
  /** What the client has measured, for the policies of its readings in this process. */
  report?: ClientReport | undefined
}

/** Token streams: started once, read by any number, resumed, cancelled. */
export class Sluice<Data extends DataEvents = DataEvents> {
  /** What the application said of how streams are produced, no default filled in: for who has defaults of its own. */
  readonly chosenStreamOptions: Readonly<StreamOptions>
  readonly #engine: Engine
  #draining: Promise<void> | undefined

  constructor(options: SluiceOptions) {
    this.#engine = createEngine(options)
    this.chosenStreamOptions = Object.freeze({ ...options.stream })
    this.#engine.store.serve?.(hostOf(this.#engine))
  }

  /** How streams are produced here, all defaults filled in. */
  get streamOptions(): ResolvedStreamOptions {
    return this.#engine.stream
  }

  /** How readers are served here, all defaults filled in. */
  get readerOptions(): ResolvedReaderOptions {
    return this.#engine.reader
  }

  /** True where other processes have these streams too: their readers can go on there. */
  get shared(): boolean {
    return this.#engine.store.shared
  }

  /** Owns this sluice's time: for transports that share a {@link Connection} among readings, or have deadlines of their own. */
  get scheduler(): Scheduler {
    return this.#engine.scheduler
  }

  /**
   * Has one more observer told what happens here, beside those of the options: for an adapter that brings a log of its own.
   * Gives the function that ends it.
   */
  observe(observer: Observer): () => void {
    return this.#engine.observers.add(observer)
  }

  /** The bodies that are being received for this sluice: for transports, which share one bound. */
  get bodies(): Bodies {
    return this.#engine.bodies
  }

  /** Calls `task` after `delayMs` on this sluice's clock; gives the function that calls it off. */
  after(delayMs: number, task: () => void): () => void {
    return this.#engine.scheduler.runtime.after(delayMs, task)
  }

  /** A connection that carries any number of readings: each is given it with `deliver`. */
  connect(sink: Sink, habits: ConnectionOptions, options?: ReaderOptions): Connection {
    const { scheduler, reader, observers } = this.#engine
    const onFault = (error: unknown): void => observers.notify('failed', undefined, { where: 'delivery', error })
    return new Connection(scheduler, sink, resolveReaderOptions(options, reader), { ...habits, onFault })
  }

  /**
   * Begins a stream. The source is called once, unless a running stream of the same key (or a repeated idempotency key)
   * is joined instead: then `attached` is true and the source is never called.
   *
   * @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_DRAINING`, `SLUICE_ERR_RATE`, `SLUICE_ERR_TOO_MANY_STREAMS`,
   * `SLUICE_ERR_OVERLOADED`, `SLUICE_ERR_KEY_RUNNING`, `SLUICE_ERR_IDEMPOTENCY_MISMATCH`
   */
  async start(source: Source<Data> | NamedSource, options: StartOptions): Promise<TokenStream<Data>> {
    const { starts } = this.#engine
    starts.requireOpen()
    return starts.track(startStream(this.#engine, source, options))
  }

  /**
   * Joins a stream at a cursor, or from its oldest event.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE`, `SLUICE_ERR_CURSOR_MALFORMED`, `SLUICE_ERR_CURSOR_AHEAD`,
   * `SLUICE_ERR_CURSOR_TRIMMED`, `SLUICE_ERR_OVERLOADED`
   */
  async attach(ref: StreamRef, options: AttachOptions): Promise<TokenStream<Data>> {
    return attachStream(this.#engine, ref, options)
  }

  /**
   * What is known of a stream; with `waitMs`, once that has changed, or when the time is over. Whoever waits is no reader: it
   * keeps no stream alive.
   *
   * Cancellation: `signal` ends the wait, not the call.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE`, `SLUICE_ERR_CURSOR_MALFORMED`, `SLUICE_ERR_OPTION`
   */
  async info(ref: StreamRef, options: InfoOptions): Promise<StreamInfo> {
    const { as, after, signal } = options
    const waitMs = requireInteger('waitMs', options.waitMs ?? 0, 0, MAX_WAIT_MS)
    const engine = this.#engine
    if (waitMs === 0) return infoOf((await locate(engine, ref, as, { action: 'info' })).stored)
    const { stored } = await locate(engine, ref, as, { action: 'info', lookUp: 'read' })
    await awaitStep(engine.scheduler, stored.log, { after, waitMs, signal })
    // Found anew: it may be gone by now, or who asks may be known no more.
    const { id } = stored.facts
    return infoOf((await locate(engine, { id, tenant: stored.facts.tenant }, as, { action: 'info' })).stored)
  }

  /** What a stream said so far, events merged. @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE` */
  async transcript(ref: StreamRef, options: RefOptions): Promise<Pick<StreamResult, 'text' | 'events' | 'trimmed'>> {
    const { text, events, trimmed } = resultOf(
      (await locate(this.#engine, ref, options.as, { action: 'attach', lookUp: 'read' })).stored,
    )
    return { text, events, trimmed }
  }

  /** Ends a stream for everyone; idempotent, also after its end. @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE` */
  async cancel(ref: StreamRef, options: RefOptions): Promise<StreamInfo> {
    const { stored } = await locate(this.#engine, ref, options.as, { action: 'cancel' })
    return this.#close(stored)
  }

  /**
   * Ends a stream as `interrupted` (cause `lease`): for the application's own code that gives its work to another process.
   * Idempotent, also after its end.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE`
   */
  async interrupt(ref: StreamRef): Promise<StreamInfo> {
    const { stored } = await locate(this.#engine, ref, 'server', { action: 'cancel' })
    return this.#close(stored, 'lease')
  }

  /**
   * Asks `authorize` for something of the application's own that has an owner as a stream has: a job.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND` where that says no
   */
  async permit(as: Actor, identity: StreamIdentity, action: Action): Promise<void> {
    await requireAuthority(this.#engine, requireActor(as), identity, action)
  }

  /** Cancels and forgets; afterwards the stream is gone. @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE` */
  async erase(ref: StreamRef, options: RefOptions): Promise<StreamInfo> {
    const { stored } = await locate(this.#engine, ref, options.as, { action: 'erase' })
    const info = await this.#close(stored)
    await this.#engine.store.erase(stored.facts)
    return info
  }

  /** Grants credit to a named reader; gives how many readers of that name were found. */
  async ack(ref: StreamRef, options: AckOptions): Promise<{ readers: number }> {
    const credit = requireInteger('credit', options.credit, 0, Number.MAX_SAFE_INTEGER)
    const { store } = this.#engine
    const { stored, cursor } = await locate(this.#engine, ref, options.as, { action: 'ack' })
    const seq = Math.min((cursor?.seq ?? 0) + credit, Number.MAX_SAFE_INTEGER)
    // First, so that what may be sent now is decided by it.
    if (options.report) reportToReaders(stored.log, options.reader, options.report)
    const here = extendReaders(stored.log, options.reader, seq)
    return { readers: here + ((await store.grant?.(stored.facts, options.reader, seq)) ?? 0) }
  }

  /** Gives a message to the source's inbox. @throws SluiceError `SLUICE_ERR_ALREADY_ENDED`, `SLUICE_ERR_OVERLOADED` */
  async send(ref: StreamRef, message: Json, options: RefOptions): Promise<void> {
    const { store, producers } = this.#engine
    const { stored } = await locate(this.#engine, ref, options.as, { action: 'send' })
    if (stored.log.end)
      throw new SluiceError('SLUICE_ERR_ALREADY_ENDED', 'The stream has ended; its source reads nothing any more.')
    const producer = producers.get(stored.facts.id)
    const taken = producer ? producer.message(message) : await store.send?.(stored.facts, message)
    if (!taken) {
      throw new SluiceError(
        'SLUICE_ERR_OVERLOADED',
        'The source has not read its earlier messages yet; try again later.',
        { retryAfterMs: 1_000 },
      )
    }
  }

  /**
   * Refuses new streams, lets running ones end, and ends what is left after `withinMs` as `interrupted` (cause `drain`).
   * Attach, cancel and ack go on meanwhile. Settles when nothing runs here any more. Idempotent.
   */
  drain(options: { withinMs?: number | undefined } = {}): Promise<void> {
    const withinMs = requireInteger('withinMs', options.withinMs ?? DEFAULT_DRAIN_MS, 0, 86_400_000)
    this.#draining ??= drainEngine(this.#engine, withinMs)
    return this.#draining
  }

  /** What this process holds now. */
  stats(): SluiceStats {
    return { ...statsOf(this.#engine), draining: this.#draining !== undefined }
  }

  async #close(stored: StoredStream, cause?: EndCause): Promise<StreamInfo> {
    const { end, cursor } = await cancelStream(this.#engine, stored, cause)
    return { ...infoOf(stored), status: 'ended', end, cursor }
  }
}

/**
 * Makes a sluice. Options are checked here, once; the type parameter names the application's own `data` events.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const sluice = createSluice<{ progress: { step: number; of: number } }>()
 * ```
 */
export function createSluice<Data extends DataEvents = DataEvents>(options: SluiceOptions = {}): Sluice<Data> {
  return new Sluice(options)
}
