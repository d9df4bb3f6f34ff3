import { cancelStream } from './cancel.ts'
import type { Connection } from '../wire/connection.ts'
import { type DeliverOptions, prepareDelivery } from './prepare-delivery.ts'
import { enter } from '../reader/reader-limit.ts'
import type { Delivery } from '../reader/delivery.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { ClientReport } from '../reader/client-report.ts'
import type { ClosedCode } from '../events/codes.ts'
import { endOf } from '../log/end.ts'
import type { Engine } from './engine.ts'
import { SluiceError } from '../events/errors.ts'
import type { DataEvents, EndEvent, StreamEvent } from '../events/event.ts'
import { readEvents } from '../reader/event-iterator.ts'
import type { Json } from '../events/json.ts'
import type { Actor } from '../access/principal.ts'
import type { Producer } from '../producer/producer.ts'
import { Reader } from '../reader/reader.ts'
import { notifyAttached, notifyDetached, notifyOver } from './observe-reading.ts'
import type { Sink } from '../wire/sink.ts'
import type { StoredStream } from '../store/store.ts'
import { headGone } from '../log/cursor-place.ts'
import { cursorAt, cursorOf } from '../store/info.ts'
import { readResult, type StreamResult, wholeText } from '../store/result.ts'

/** Where a handle's reading begins, and who made it. */
export interface TokenStreamStart {
  afterSeq: number
  /** Where the stream is produced, if that is in this process. */
  producer: Producer | undefined
  /** True when this handle belongs to a stream that had existed before. */
  attached: boolean
  /** True when it begins at the oldest event that is kept, for want of a cursor. */
  fromOldest?: boolean | undefined
  /** Who reads: what is delivered ends when that is known no more. */
  actor: Actor
}

/**
 * A stream, and one reading of it: iterate it, or have it delivered to a sink, once. Leaving it (`break`, `detach`, a
 * closed socket) is not cancelling it.
 *
 * @example
 * ```ts
 * const stream = await sluice.start(source, { as: { owner: 'ada' } })
 * for await (const event of stream) if (event.type === 'text') show(event.text)
 * ```
 */
export class TokenStream<Data extends DataEvents = DataEvents> implements AsyncIterable<StreamEvent<Data>> {
  readonly id: string
  /** True when the stream had existed before this handle: nothing was started. */
  readonly attached: boolean
  readonly #engine: Engine
  readonly #stored: StoredStream
  readonly #start: TokenStreamStart
  #reader: Reader | undefined
  #delivery: Delivery | undefined
  #ended: Promise<EndEvent> | undefined
  #used = false
  #onOver: DeliverOptions['onOver']

  /** @internal */
  constructor(engine: Engine, stored: StoredStream, start: TokenStreamStart) {
    this.id = stored.facts.id
    this.attached = start.attached
    this.#engine = engine
    this.#stored = stored
    this.#start = start
  }

  get key(): string | undefined {
    return this.#stored.facts.key
  }

  get meta(): { readonly [name: string]: Json | undefined } {
    return this.#stored.facts.meta
  }

  /** The wire the stream was started on, with what that wire stored. */
  get wire(): StoredStream['facts']['wire'] {
    return this.#stored.facts.wire
  }

  /** Where the stream is now: a reader with this cursor has everything up to here. */
  get cursor(): string {
    return cursorOf(this.#stored)
  }

  /** Where this reading is. */
  get position(): string {
    return cursorAt(this.#stored, this.#reader?.seq ?? this.#start.afterSeq)
  }

  /** The end, once there is one. */
  get end(): EndEvent | undefined {
    return this.#stored.log.end
  }

  /** True when this reading begins after the end: there is nothing to read. */
  get exhausted(): boolean {
    const { log } = this.#stored
    return log.end !== undefined && (this.#reader?.seq ?? this.#start.afterSeq) >= log.lastSeq
  }

  /** True when this reading was to begin at the beginning, and that is not kept any more: what it gives is no whole. */
  get headless(): boolean {
    return this.#start.fromOldest === true && this.#start.afterSeq > 0
  }

  /** False once the beginning of the stream is not kept any more, wherever this reading is. */
  get isPastKept(): boolean {
    return this.#stored.log.firstSeq === 1
  }

  /** Settles once the source is open; with the end when the stream was over before that. Never rejects. */
  get opened(): Promise<EndEvent | undefined> {
    return this.#start.producer?.opened() ?? Promise.resolve(undefined)
  }

  /** The stream's one end. Never rejects: the end itself says what happened. */
  get ended(): Promise<EndEvent> {
    this.#ended ??= endOf(this.#stored.log)
    return this.#ended
  }

  /**
   * Counts as a reader from now on, before the reading itself begins: nobody else need keep the stream alive.
   *
   * @throws SluiceError `SLUICE_ERR_OVERLOADED` when the stream has all the readers it may have
   */
  hold(): void {
    if (!this.#used) enter(this.#engine.limits, this.#read())
  }

  /**
   * Leaves this reading for another one that is to come, and counts as a reader until then, for `betweenPollsMs`: where a
   * client was told to come back for its answer. A reading that is delivered leaves by {@link detach} alone.
   */
  expectBack(): void {
    if (this.#delivery) return this.detach()
    this.#used = true
    const reader = this.#read()
    reader.attach()
    this.#engine.expected.expect(reader, this.#engine.reader.betweenPollsMs)
    reader.wake()
  }

  /** The events of this reading, `end` last. Leaving the loop detaches; throws where the reading is cut before its end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamEvent<Data>, void, undefined> {
    this.#use()
    const reader = enter(this.#engine.limits, this.#read())
    notifyAttached(this.#engine, this.#stored, { resumed: this.#start.afterSeq > 0, delivered: false })
    let outcome: ReadingOutcome = 'detached'
    try {
      yield* readEvents(this.#engine.scheduler, reader) as AsyncGenerator<StreamEvent<Data>>
      outcome = reader.finished ? 'end' : 'detached'
    } finally {
      if (!reader.isExpected) reader.detach()
      notifyDetached(this.#engine, this.#stored, outcome)
    }
  }

  /**
   * The whole text of choice 0.
   *
   * @throws SluiceError when the stream did not finish by itself: part of an answer never passes for the whole;
   * `SLUICE_ERR_CURSOR_TRIMMED` when its beginning is not kept any more
   */
  async text(): Promise<string> {
    if (this.headless) throw headGone()
    return wholeText(await this.result())
  }

  /**
   * Reads to the end and gives everything. Does not reject when the stream is cut: `end` says so.
   * @throws SluiceError `SLUICE_ERR_READING_CLOSED` when the reading ends before the stream
   */
  async result(): Promise<StreamResult> {
    return readResult(this, this.#stored, { trimmed: this.#start.afterSeq > 0, exhausted: this.exhausted })
  }

  /** Ends the stream for everyone. Acknowledged once the end is stored; gives that end, or the one there was before. */
  async cancel(): Promise<EndEvent> {
    const { end } = await cancelStream(this.#engine, this.#stored)
    return end
  }

  /** Leaves this reading; the stream may go on for others. With a code a sink's reader is told so. Idempotent. */
  detach(code?: ClosedCode): void {
    this.#used = true
    if (code === undefined) this.#delivery?.detached()
    else this.#delivery?.stop(code)
    this.#reader?.detach()
  }

  /**
   * Serves this reading to `sink` until the stream's end, or until the connection is lost. What throws here has left the
   * reading, and the sink untouched.
   *
   * @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_OVERLOADED` when the stream has all the readers it may have; what the
   * wire throws
   */
  deliver(sink: Sink, options: DeliverOptions): Connection {
    this.#use()
    const { onOver, ...how } = options
    const reading = { stored: this.#stored, reader: this.#read(), actor: this.#start.actor, owner: this, sink }
    const { delivery, connection, start } = prepareDelivery(this.#engine, reading, how)
    this.#engine.deliveries.set(delivery, how.wire)
    this.#delivery = delivery
    this.#onOver = onOver
    notifyAttached(this.#engine, this.#stored, { resumed: this.#start.afterSeq > 0, delivered: true })
    delivery.begin(start)
    return connection
  }

  /**
   * Reports what the client of this reading has measured, for its policy to decide by: `view.rttMs`, `view.paintRate`. For
   * transports. What is left out stays as it was reported before.
   *
   * @throws SluiceError `SLUICE_ERR_OPTION`
   */
  report(report: ClientReport): void {
    this.#read().reported(report)
  }

  /** @internal */
  readingChunk(events: number, bytes: number, waitedMs: number): void {
    const { observers } = this.#engine
    if (observers.hears('chunk')) observers.notify('chunk', this.#stored.facts, { events, bytes, waitedMs })
  }

  /** @internal */
  readingOver(outcome: ReadingOutcome, error?: unknown): void {
    if (this.#delivery) this.#engine.deliveries.delete(this.#delivery)
    notifyOver(this.#engine, this.#stored, { outcome, error, onOver: this.#onOver })
  }

  #use(): void {
    if (this.#used) {
      throw new SluiceError('SLUICE_ERR_OPTION', 'This handle has been read already; attach again for another reading.')
    }
    this.#used = true
  }

  #read(): Reader {
    this.#reader ??= new Reader(this.#stored.log, this.#start.afterSeq)
    return this.#reader
  }
}
