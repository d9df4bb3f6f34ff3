import { Connection } from './connection.ts'
import { formatCursor } from './cursor.ts'
import { Delivery } from './delivery.ts'
import type { ReadingOutcome } from './delivery-parties.ts'
import type { EncoderStart, Wire } from './encoder.ts'
import { cutEnd, endOf, errorOfEnd } from './end.ts'
import type { Engine } from './engine.ts'
import { SluiceError } from './errors.ts'
import type { DataEvents, EndEvent, StreamEvent } from './event.ts'
import { readEvents } from './event-iterator.ts'
import type { Json } from './json.ts'
import type { ClosedCode } from './notice.ts'
import { requireInteger } from './option-rules.ts'
import { type Actor, expiryOf } from './principal.ts'
import type { Production } from './production.ts'
import { countReaders, nameReader, Reader } from './reader.ts'
import { type ReaderOptions, type ResolvedReaderOptions, resolveReaderOptions } from './reader-options.ts'
import type { Sink } from './sink.ts'
import type { StoredStream } from './store.ts'
import { readResult, type StreamResult } from './stream-result.ts'
import type { TermLimits } from './term.ts'

/** How a reading is delivered to a sink. */
export interface DeliverOptions extends ReaderOptions {
  /** The format. */
  wire: Wire
  /** True when the reader's earlier output is to be continued exactly; false when it begins here. Default false. */
  continues?: boolean | undefined
  /** Name under which this reader's credit arrives. */
  name?: string | undefined
  /** How many events past its beginning this reader is given before it grants more. Default: no limit. Needs a `name`. */
  credit?: number | undefined
  /** Is told once that this reading is over, and how. Must not throw. */
  onOver?: ((outcome: ReadingOutcome) => void) | undefined
  /**
   * True where this reader comes back by itself when told `closed: rotate`: then `rotateAfterMs` bounds this reading, if its
   * wire is resumable. Default false.
   */
  rotates?: boolean | undefined
  /** A connection that carries other readings too; without it one is made that closes with this reading. */
  connection?: Connection | undefined
}

const MAX_CREDIT = 2 ** 52

/** Where a handle's reading begins, and who made it. */
export interface TokenStreamStart {
  afterSeq: number
  /** Where the stream is produced, if that is in this process. */
  production: Production | undefined
  /** True when this handle belongs to a stream that had existed before. */
  attached: boolean
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
    const { log } = this.#stored
    return formatCursor(this.id, log.epochOf(log.committed), log.committed)
  }

  /** Where this reading is. */
  get position(): string {
    const { log } = this.#stored
    const seq = this.#reader?.seq ?? this.#start.afterSeq
    return formatCursor(this.id, log.epochOf(seq), seq)
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

  /** Settles once the source is open; with the end when the stream was over before that. Never rejects. */
  get opened(): Promise<EndEvent | undefined> {
    return this.#start.production?.opened() ?? Promise.resolve(undefined)
  }

  /** The stream's one end. Never rejects: the end itself says what happened. */
  get ended(): Promise<EndEvent> {
    this.#ended ??= endOf(this.#stored.log)
    return this.#ended
  }

  /** Counts as a reader from now on, before the reading itself begins: nobody else need keep the stream alive. */
  hold(): void {
    if (!this.#used) this.#read().attach()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamEvent<Data>, void, undefined> {
    this.#use()
    const reader = this.#read()
    reader.attach()
    this.#tellAttached()
    let outcome: ReadingOutcome = 'detached'
    try {
      yield* readEvents(this.#engine.hub, reader) as AsyncGenerator<StreamEvent<Data>>
      outcome = reader.finished ? 'end' : 'detached'
    } finally {
      reader.detach()
      this.#tellDetached(outcome)
    }
  }

  /**
   * The whole text of choice 0.
   *
   * @throws SluiceError when the stream did not finish by itself: part of an answer never passes for the whole
   */
  async text(): Promise<string> {
    const { text, end } = await this.result()
    if (!end.complete) throw errorOfEnd(end)
    return text
  }

  /** Reads to the end and gives everything. Does not reject when the stream is cut: `end` says so. */
  async result(): Promise<StreamResult> {
    return readResult(this, this.#stored, { trimmed: this.#start.afterSeq > 0 })
  }

  /** Ends the stream for everyone. Acknowledged once the end is stored; gives that end, or the one there was before. */
  async cancel(): Promise<EndEvent> {
    const { log, facts } = this.#stored
    if (log.end) return log.end
    const closing = await this.#engine.store.close(facts, cutEnd(log, 'client'))
    if (closing.is === 'closed') return closing.end
    throw new SluiceError('SLUICE_ERR_GONE', 'This stream is not kept any more.')
  }

  /** Leaves this reading; the stream may go on for others. With a code a sink's reader is told so. Idempotent. */
  detach(code?: ClosedCode): void {
    this.#used = true
    if (code === undefined) this.#delivery?.detached()
    else this.#delivery?.stop(code)
    this.#reader?.detach()
  }

  /** Serves this reading to `sink` until the stream's end, or until the connection is lost. */
  deliver(sink: Sink, options: DeliverOptions): Connection {
    this.#use()
    const { wire, continues, name, credit, rotates, onOver, connection: shared, ...readerOptions } = options
    const resolved = resolveReaderOptions(readerOptions, this.#engine.reader)
    const { log, facts } = this.#stored
    const encoder = wire.create(facts.wire?.name === wire.name ? facts.wire.facts : {})
    const connection =
      shared ?? new Connection(this.#engine.hub, sink, resolved, { beat: encoder, closeWhenEmpty: true })
    const reader = this.#read(name)
    if (credit !== undefined) reader.limitSeq = reader.seq + requireInteger('credit', credit, 0, MAX_CREDIT)
    const delivery = new Delivery(this.#engine.hub, {
      reader,
      encoder,
      connection,
      options: resolved,
      owner: this,
      // What others share is not broken off for one reading's sake.
      term: this.#term(resolved, rotates === true && wire.resumable && shared === undefined),
    })
    this.#engine.deliveries.set(delivery, wire)
    this.#delivery = delivery
    this.#onOver = onOver
    const start: EncoderStart = {
      opened: { type: 'opened', id: this.id, cursor: this.position, meta: facts.meta },
      // Folding a long past costs time that most wires have no use for: done when looked at.
      get outline() {
        return log.outlineAt(reader.seq)
      },
      mode: reader.seq === 0 ? 'start' : continues ? 'continue' : 'middle',
      ended: log.end !== undefined,
    }
    this.#tellAttached()
    delivery.begin(start)
    return connection
  }

  /** @internal */
  readingChunk(events: number, bytes: number, waitedMs: number): void {
    const { observers } = this.#engine
    if (!observers.none) observers.tell('chunk', this.#stored.facts, { events, bytes, waitedMs })
  }

  /** @internal */
  readingOver(delivery: Delivery, outcome: ReadingOutcome, error?: unknown): void {
    this.#engine.deliveries.delete(delivery)
    if (outcome === 'failed') this.#engine.observers.tell('failed', this.#stored.facts, { where: 'delivery', error })
    this.#tellDetached(outcome)
    this.#onOver?.(outcome)
  }

  #term({ rotateAfterMs, closeGraceMs }: ResolvedReaderOptions, rotates: boolean): TermLimits | undefined {
    const expiresAtMs = expiryOf(this.#engine.hub, this.#start.actor)
    const limits: TermLimits = { rotateAfterMs: rotates && rotateAfterMs, expiresAtMs, closeGraceMs }
    return limits.rotateAfterMs === false && expiresAtMs === Infinity ? undefined : limits
  }

  #use(): void {
    if (this.#used) {
      throw new SluiceError('SLUICE_ERR_OPTION', 'This handle has been read already; attach again for another reading.')
    }
    this.#used = true
  }

  #read(name?: string): Reader {
    this.#reader ??= new Reader(this.#stored.log, this.#start.afterSeq)
    if (name !== undefined) nameReader(this.#reader, name)
    return this.#reader
  }

  #tellAttached(): void {
    const { facts, log } = this.#stored
    const { observers } = this.#engine
    if (observers.none) return
    observers.tell('attached', facts, { readers: countReaders(log), resumed: this.#start.afterSeq > 0 })
  }

  #tellDetached(outcome: ReadingOutcome): void {
    const { facts, log } = this.#stored
    const { observers } = this.#engine
    if (!observers.none) observers.tell('detached', facts, { outcome, readers: countReaders(log) })
  }
}
