import { randomBytes } from 'node:crypto'

import { toJson } from '@bufbuild/protobuf'
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError } from '@connectrpc/connect'
import { type Json, type Principal, type Sluice, SluiceError, type TokenStream } from '@sluice/core'
import { type Connection, deliverOptionsOf, parseCursor, requireSafeJson } from '@sluice/core/extend'

import { type Begun, beginAttach, beginStart } from './begin-reading.ts'
import { EventEncoder, type ReadingEnd, wireOf } from '../message/event-encoder.ts'
import type { Credit, SessionRequest, SessionResponse } from '../gen/sluice/v1/token_stream_pb.ts'
import { PullSink } from './pull-sink.ts'
import type { ToResponse } from './reading.ts'
import { toCredit } from '../message/request-options.ts'
import type { ServiceParts } from './service-parts.ts'
import { sessionMessage } from '../message/session-message.ts'
import { type CallStatus, isMasked, statusOfError, statusOfReading, toConnectError } from '../message/status.ts'

type Asked = SessionRequest['request']

/** One reading of a session, by the client's number. */
interface Slot {
  /** Settles with the stream once it is read, or with nothing when that failed. */
  readonly begun: Promise<TokenStream | undefined>
  /** The client has left before it began. */
  left: boolean
}

const LEFT: CallStatus = { code: Code.Canceled, message: 'You have left this reading.' }

/** One call that carries several readings, and what their client has to say meanwhile. */
export class Session {
  readonly #parts: ServiceParts
  readonly #caller: { headers: Headers; principal: Principal }
  readonly #sink: PullSink
  readonly #beat: EventEncoder = new EventEncoder()
  readonly #connection: Connection
  readonly #slots: Map<number, Slot> = new Map()
  /** Under which core knows the readings of this session, so that credit reaches no other's. */
  readonly #name: string = randomBytes(16).toString('base64url')
  #asksNoMore = false
  #failure: unknown
  /** All that was asked has been said. */
  #complete = false

  constructor(parts: ServiceParts, caller: { headers: Headers; principal: Principal }) {
    this.#parts = parts
    this.#caller = caller
    this.#sink = new PullSink(parts.queueBytes, false)
    const habits = { beat: this.#beat, closeWhenEmpty: false }
    this.#connection = parts.sluice.connect(this.#sink, habits, parts.reader)
  }

  /** Carries out what is asked and gives what there is to say, until the client asks no more and all is said. */
  async *serve(
    requests: AsyncIterable<SessionRequest>,
    signal: AbortSignal,
    toResponse: ToResponse<SessionResponse>,
  ): AsyncGenerator<SessionResponse, void, undefined> {
    const leave = (): void => this.#leave()
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    void this.#listen(requests)
    try {
      // The head of an answer goes out with its first message: a client may wait for it before it asks for anything.
      yield toResponse(this.#beat.heartbeat())
      for (;;) {
        const bytes = await this.#sink.next()
        if (bytes === undefined) break
        yield toResponse(bytes)
      }
    } finally {
      signal.removeEventListener('abort', leave)
      leave()
    }
    if (signal.aborted && signal.reason instanceof ConnectError) throw signal.reason
    if (this.#failure !== undefined) throw this.#failure
    // Not by what was asked: its client did not read, or one of its readings failed half way through a message.
    if (!this.#complete) throw toConnectError(statusOfReading(undefined))
  }

  #leave(): void {
    this.#connection.lost()
    this.#sink.destroy()
  }

  async #listen(requests: AsyncIterable<SessionRequest>): Promise<void> {
    try {
      for await (const { stream: number, request } of requests) {
        // A client that asks and does not read is not listened to: its answers would pile up.
        await this.#sink.drained()
        await this.#answer(number, request)
      }
    } catch (error) {
      // The call itself broke off, or what it carries is no message.
      this.#failure = error
      return this.#leave()
    }
    this.#asksNoMore = true
    this.#closeIfIdle()
  }

  async #answer(number: number, request: Asked): Promise<void> {
    try {
      if (number === 0) throw refused('The field "stream" is missing: number your readings from 1.')
      if (request.case === 'start' || request.case === 'attach') this.#occupy(number, request)
      else await this.#control(number, request)
    } catch (error) {
      this.#say(number, 'refused', this.#explain(error))
    }
  }

  #occupy(number: number, request: Asked & { case: 'start' | 'attach' }): void {
    if (this.#slots.has(number)) throw refused(`Reading ${number} is not over; take another number.`)
    const { maxSessionReadings } = this.#parts
    if (this.#slots.size >= maxSessionReadings) {
      const message = `A session has at most ${maxSessionReadings} readings; open another one.`
      return this.#say(number, 'over', this.#explain(new SluiceError('SLUICE_ERR_TOO_MANY_STREAMS', message)))
    }
    const { promise, resolve } = Promise.withResolvers<TokenStream | undefined>()
    const slot: Slot = { begun: promise, left: false }
    this.#slots.set(number, slot)
    void this.#begin(request).then(
      (begun) => resolve(this.#deliver(number, slot, begun)),
      (error: unknown) => {
        this.#over(number, slot, this.#explain(error))
        resolve(undefined)
      },
    )
  }

  #begin(request: Asked & { case: 'start' | 'attach' }): Promise<Begun> {
    return request.case === 'start'
      ? beginStart(this.#parts, request.value, this.#caller)
      : beginAttach(this.#parts, request.value, this.#caller.principal)
  }

  #deliver(number: number, slot: Slot, { stream, credit, reading }: Begun): TokenStream {
    const encoder = new EventEncoder({
      nothingLeft: stream.exhausted ? stream.end : undefined,
      suffix: (over) => sessionMessage(number, over && { over: this.#ended(number, slot, over) }),
    })
    const name = this.#readerName(number)
    stream.deliver(this.#sink, {
      ...this.#parts.reader,
      ...deliverOptionsOf(reading),
      wire: wireOf(encoder),
      credit,
      name,
      connection: this.#connection,
    })
    // It has read for a moment: from here its stream's own policy decides what becomes of it.
    if (slot.left) stream.detach()
    return stream
  }

  async #control(number: number, request: Asked): Promise<void> {
    const slot = this.#slots.get(number)
    if (!slot) throw new SluiceError('SLUICE_ERR_NOT_FOUND', `There is no reading ${number} in this session.`)
    const { sluice } = this.#parts
    const as = this.#caller.principal
    if (request.case === 'detach') slot.left = true
    const stream = await slot.begun
    if (!stream || this.#slots.get(number) !== slot) return
    switch (request.case) {
      case 'detach':
        stream.detach()
        return this.#over(number, slot, LEFT)
      case 'cancel':
        return void (await sluice.cancel({ id: stream.id }, { as }))
      case 'send':
        return sluice.send({ id: stream.id }, messageOf(sluice, request.value), { as })
      case 'credit':
        return this.#extend(number, stream, request.value)
      default:
        throw refused('The field "request" is missing, or of a kind that is not known here.')
    }
  }

  async #extend(number: number, stream: TokenStream, { cursor, events }: Credit): Promise<void> {
    if (parseCursor(cursor).streamId !== stream.id) throw refused('The cursor belongs to another stream.')
    const options = { as: this.#caller.principal, reader: this.#readerName(number), credit: toCredit(events) ?? 0 }
    await this.#parts.sluice.ack({ cursor }, options)
  }

  /** A reading has come to its end, which its last message tells. */
  #ended(number: number, slot: Slot, over: ReadingEnd): CallStatus {
    if (this.#slots.get(number) === slot) this.#slots.delete(number)
    // That message is yet to be written.
    queueMicrotask(() => this.#closeIfIdle())
    return statusOfReading(over)
  }

  #over(number: number, slot: Slot, status: CallStatus): void {
    if (this.#slots.get(number) !== slot) return
    this.#slots.delete(number)
    this.#say(number, 'over', status)
    this.#closeIfIdle()
  }

  #say(number: number, what: 'over' | 'refused', status: CallStatus): void {
    // Past what the sink has asked for, if need be: there is one for each request, and those are waited with.
    this.#sink.write(sessionMessage(number, { [what]: status }))
  }

  #closeIfIdle(): void {
    if (!this.#asksNoMore || this.#slots.size > 0) return
    this.#complete = true
    this.#connection.close()
  }

  #readerName(number: number): string {
    return `${this.#name}:${number}`
  }

  #explain(error: unknown): CallStatus {
    if (isMasked(error)) this.#parts.report(error)
    return statusOfError(error)
  }
}

function messageOf({ bodies }: Pick<Sluice, 'bodies'>, value: Value): Json {
  return requireSafeJson(toJson(ValueSchema, value), 'The message', { limits: bodies.options })
}

function refused(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
