import { type Json, type Principal, type Sluice, SluiceError, type StreamInfo, type TokenStream } from '@sluice/core'
import { parseCursor } from '@sluice/core/extend'

import type { Credit } from '../gen/sluice/v1/token_stream_pb.ts'
import { toCredit, toMeasure } from '../message/request-options.ts'
import type { WaitingBytes } from './waiting-bytes.ts'

/** What the readings of a session share. */
export interface SlotParts {
  readonly sluice: Sluice
  readonly principal: Principal
  /** What waits to be sent, of all readings together. */
  readonly waiting: WaitingBytes
}

/** Messages to one source that may wait. */
const MAX_WAITING_MESSAGES = 64

/**
 * One reading of a session, by the client's number, and what is asked of it. None of it waits for another reading, and what
 * waits for the beginning of this one is bounded: one cancel, one grant of credit, some messages to the source.
 */
export class Slot {
  readonly number: number
  /** Under which core knows it, so that credit reaches no other's. */
  readonly name: string
  /** Present while it is read. */
  stream: TokenStream | undefined
  readonly #parts: SlotParts
  /** Of which stream; of none where it did not begin. Not the stream: that would keep its log. */
  readonly #begun = Promise.withResolvers<string | undefined>()
  /** The same, for what is of no use to a reading that was left. */
  readonly #open = Promise.withResolvers<string | undefined>()
  #state: 'beginning' | 'begun' | 'over' | 'left' = 'beginning'
  #cancelling = false
  /** The furthest that was granted and is not passed on yet. */
  #credit: Credit | undefined
  #granting = false
  #sending: Promise<unknown> = Promise.resolve()
  #messages = 0

  constructor(parts: SlotParts, number: number, name: string) {
    this.#parts = parts
    this.number = number
    this.name = name
  }

  /** The client has left, perhaps before there was a stream. */
  get left(): boolean {
    return this.#state === 'left'
  }

  /** There is a stream. */
  begin(stream: TokenStream): void {
    this.#begun.resolve(stream.id)
    if (this.#state !== 'beginning') return
    this.#state = 'begun'
    this.stream = stream
    this.#open.resolve(stream.id)
  }

  /** The client leaves, or is gone. */
  leave(): void {
    this.#state = 'left'
    this.#open.resolve(undefined)
  }

  /** There is nothing to read any more, or nothing at all. */
  end(): void {
    if (this.#state === 'beginning') this.#begun.resolve(undefined)
    if (this.#state !== 'left') this.#state = 'over'
    this.#open.resolve(undefined)
    this.stream = undefined
  }

  /** No stream comes any more, for a client that may have left meanwhile. */
  fail(): void {
    this.#begun.resolve(undefined)
  }

  /** Ends the stream for everyone, as soon as there is one; nothing where that is under way, or where none came. */
  async cancel(): Promise<StreamInfo | undefined> {
    if (this.#cancelling) return undefined
    this.#cancelling = true
    try {
      const id = await this.#begun.promise
      return id === undefined ? undefined : await this.#parts.sluice.cancel({ id }, { as: this.#parts.principal })
    } finally {
      this.#cancelling = false
    }
  }

  /** What is granted is absolute: while one grant is passed on, only the furthest of those that come is kept. */
  async extend(credit: Credit): Promise<void> {
    // What comes after the end was sent before the client knew of it: nothing to complain of.
    if (this.#state === 'over' || this.#state === 'left') return
    const place = placeOf(credit)
    if (this.stream) requireSame(this.stream.id, credit)
    if (!this.#credit || placeOf(this.#credit) < place) this.#credit = credit
    if (this.#granting) return
    this.#granting = true
    try {
      const id = await this.#open.promise
      for (let next = this.#take(); id !== undefined && next; next = this.#take()) await this.#grant(id, next)
    } finally {
      this.#granting = false
    }
  }

  /** Gives a message to the source, after those that came before it. @throws SluiceError `SLUICE_ERR_OVERLOADED` */
  async send(message: Json): Promise<void> {
    if (this.left) throw new SluiceError('SLUICE_ERR_NOT_FOUND', `You have left reading ${this.number}.`)
    const { waiting, sluice, principal: as } = this.#parts
    const release = waiting.take(this.#messages < MAX_WAITING_MESSAGES ? JSON.stringify(message).length : Infinity)
    this.#messages++
    const target = this.#state === 'over' ? this.#begun.promise : this.#open.promise
    const sent = this.#sending.then(async () => {
      const id = await target
      if (id !== undefined) await sluice.send({ id }, message, { as })
    })
    // One that was refused holds up none of those after it.
    this.#sending = sent.catch(() => {})
    try {
      await sent
    } finally {
      this.#messages--
      release()
    }
  }

  #take(): Credit | undefined {
    const credit = this.#credit
    this.#credit = undefined
    return credit
  }

  async #grant(id: string, { cursor, events, rttMs, paintRate }: Credit): Promise<void> {
    requireSame(id, { cursor })
    const { sluice, principal: as } = this.#parts
    const report = { rttMs: toMeasure('rtt_ms', rttMs), paintRate: toMeasure('paint_rate', paintRate) }
    await sluice.ack({ cursor }, { as, reader: this.name, credit: toCredit(events) ?? 0, report })
  }
}

/** @throws SluiceError `SLUICE_ERR_CURSOR_MALFORMED` */
function placeOf({ cursor, events }: Credit): bigint {
  return BigInt(parseCursor(cursor).seq) + events
}

function requireSame(id: string, { cursor }: Pick<Credit, 'cursor'>): void {
  if (parseCursor(cursor).streamId === id) return
  throw new SluiceError('SLUICE_ERR_REQUEST', 'The cursor belongs to another stream.')
}
