import { randomBytes } from 'node:crypto'

import { Code, ConnectError } from '@connectrpc/connect'
import { type Principal, SluiceError } from '@sluice/core'
import { type Connection, deliverOptionsOf } from '@sluice/core/extend'

import { type Begun, beginAttach, beginStart } from './begin-reading.ts'
import { EventEncoder, type ReadingEnd, wireOf } from '../message/event-encoder.ts'
import type { SessionRequest, SessionResponse } from '../gen/sluice/v1/token_stream_pb.ts'
import { PastReadings } from './past-readings.ts'
import { PullSink } from './pull-sink.ts'
import type { ToResponse } from './reading.ts'
import type { ServiceParts } from './service-parts.ts'
import { sessionMessage, type SessionNews } from '../message/session-message.ts'
import { control } from './session-control.ts'
import { Slot, type SlotParts } from './session-slot.ts'
import { WaitingBytes } from './waiting-bytes.ts'
import { type CallStatus, isMasked, statusOfError, statusOfReading, toConnectError } from '../message/status.ts'

type Asked = SessionRequest['request']
type Beginning = Asked & { case: 'start' | 'attach' }

/** Answers that may wait beside those that all readings may have at once. */
const SPARE_ANSWERS = 128
const LEFT: CallStatus = { code: Code.Canceled, message: 'You have left this reading.' }

/** One call that carries several readings, and what their client has to say meanwhile. */
export class Session {
  readonly #parts: ServiceParts
  readonly #caller: { headers: Headers; principal: Principal }
  readonly #sink: PullSink
  readonly #beat: EventEncoder = new EventEncoder()
  readonly #connection: Connection
  readonly #slotParts: SlotParts
  readonly #slots: Map<number, Slot> = new Map()
  readonly #past: PastReadings
  /** Readings that were left before they had begun: their runners are at work still. */
  #leaving = 0
  readonly #name: string = randomBytes(16).toString('base64url')
  /** Requests that are being carried out. */
  #pending = 0
  /** Answers that were said past what the sink takes. */
  #unread = 0
  #asksNoMore = false
  #failure: unknown
  /** All that was asked has been said. */
  #complete = false

  constructor(parts: ServiceParts, caller: { headers: Headers; principal: Principal }) {
    const { sluice, maxRequestBytes, maxSessionReadings } = parts
    this.#parts = parts
    this.#caller = caller
    this.#sink = new PullSink(parts.queueBytes, false)
    this.#slotParts = { sluice, principal: caller.principal, waiting: new WaitingBytes(maxRequestBytes) }
    this.#past = new PastReadings(maxSessionReadings)
    const habits = { beat: this.#beat, closeWhenEmpty: false }
    this.#connection = sluice.connect(this.#sink, habits, parts.reader)
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
    for (const slot of this.#slots.values()) slot.leave()
    this.#connection.lost()
    this.#sink.destroy()
  }

  async #listen(requests: AsyncIterable<SessionRequest>): Promise<void> {
    const maxUnread = this.#parts.maxSessionReadings + SPARE_ANSWERS
    try {
      for await (const { stream: number, request } of requests) {
        void this.#answer(number, request)
        // No reading waits for another's. But a client that asks on and on and does not read is not listened to.
        if (this.#unread < maxUnread) continue
        await this.#sink.drained()
        this.#unread = 0
      }
    } catch (error) {
      // The call itself broke off, or what it carries is no message.
      this.#failure = error
      return this.#leave()
    }
    this.#asksNoMore = true
    this.#closeIfIdle()
  }

  /** Never rejects. */
  async #answer(number: number, request: Asked): Promise<void> {
    this.#pending++
    try {
      if (number === 0) throw refused('The field "stream" is missing: number your readings from 1.')
      if (request.case === 'start' || request.case === 'attach') this.#occupy(number, request)
      else await this.#control(number, request)
    } catch (error) {
      this.#say(number, { refused: this.#explain(error) })
    }
    this.#pending--
    this.#closeIfIdle()
  }

  #occupy(number: number, request: Beginning): void {
    if (this.#slots.has(number)) throw refused(`Reading ${number} is not over; take another number.`)
    const { maxSessionReadings } = this.#parts
    if (this.#slots.size + this.#leaving >= maxSessionReadings) {
      const message = `A session has at most ${maxSessionReadings} readings; open another one.`
      return this.#say(number, { over: statusOfError(new SluiceError('SLUICE_ERR_TOO_MANY_STREAMS', message)) })
    }
    this.#past.delete(number)
    const slot = new Slot(this.#slotParts, number, `${this.#name}:${number}`)
    this.#slots.set(number, slot)
    void this.#read(slot, request)
  }

  /** Never rejects. */
  async #read(slot: Slot, request: Beginning): Promise<void> {
    try {
      const begun = await this.#begin(request)
      slot.begin(begun.stream)
      this.#deliver(slot, begun)
    } catch (error) {
      slot.fail()
      this.#over(slot, this.#explain(error))
    }
    if (slot.left && this.#slots.get(slot.number) !== slot) this.#leaving--
  }

  #begin(request: Beginning): Promise<Begun> {
    return request.case === 'start'
      ? beginStart(this.#parts, request.value, this.#caller)
      : beginAttach(this.#parts, request.value, this.#caller.principal)
  }

  #deliver(slot: Slot, { stream, credit, reading }: Begun): void {
    if (slot.left) {
      // It was read for a moment: from here its stream's own policy decides what becomes of it.
      stream.hold()
      return stream.detach()
    }
    const encoder = new EventEncoder({
      nothingLeft: stream.exhausted ? stream.end : undefined,
      suffix: (over) => sessionMessage(slot.number, over && { over: this.#ended(slot, over) }),
    })
    stream.deliver(this.#sink, {
      ...this.#parts.reader,
      ...deliverOptionsOf(reading),
      wire: wireOf(encoder),
      credit,
      name: slot.name,
      connection: this.#connection,
      // A policy or an encoder threw. Where the encoder could not even say so, nothing of it was written: it is over all the same.
      onOver: (outcome) => outcome === 'failed' && this.#over(slot, statusOfError(undefined)),
    })
  }

  async #control(number: number, request: Asked): Promise<void> {
    const slot = this.#slots.get(number) ?? this.#past.get(number)
    if (!slot) throw new SluiceError('SLUICE_ERR_NOT_FOUND', `There is no reading ${number} in this session.`)
    if (request.case === 'detach') return this.#detach(slot)
    const news = await control(this.#parts.sluice, slot, request)
    if (news) this.#say(number, news)
  }

  #detach(slot: Slot): void {
    // Its last message crosses this one.
    if (this.#slots.get(slot.number) !== slot) return
    if (slot.stream) slot.stream.detach()
    else this.#leaving++
    slot.leave()
    this.#over(slot, LEFT)
  }

  /** A reading has come to its end, which its last message tells. */
  #ended(slot: Slot, over: ReadingEnd): CallStatus {
    this.#retire(slot)
    // That message is yet to be written.
    queueMicrotask(() => this.#closeIfIdle())
    return statusOfReading(over)
  }

  #over(slot: Slot, status: CallStatus): void {
    if (!this.#retire(slot)) return
    this.#say(slot.number, { over: status })
    this.#closeIfIdle()
  }

  #retire(slot: Slot): boolean {
    if (this.#slots.get(slot.number) !== slot) return false
    this.#slots.delete(slot.number)
    this.#past.add(slot)
    slot.end()
    return true
  }

  #say(number: number, news: SessionNews): void {
    this.#unread = this.#sink.write(sessionMessage(number, news)) ? 0 : this.#unread + 1
  }

  #closeIfIdle(): void {
    if (!this.#asksNoMore || this.#slots.size > 0 || this.#pending > 0) return
    this.#complete = true
    this.#connection.close()
  }

  #explain(error: unknown): CallStatus {
    if (isMasked(error)) this.#parts.report(error)
    return statusOfError(error)
  }
}

function refused(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
