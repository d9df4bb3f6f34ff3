import { toBinary } from '@bufbuild/protobuf'
import type { EndEvent } from '@sluice/core'
import { type Closed, type Encoder, type EncoderStart, type Entry, isPlainText, type Wire } from '@sluice/core/extend'

import { toEventMessage, toNoticeMessage } from './event-message.ts'
import { type Event, EventSchema } from '../gen/sluice/v1/token_stream_pb.ts'
import { varintLength, writeVarint } from './varint.ts'

/** Name of the wire, as it is stored with the streams that are started on it. */
export const WIRE_NAME = 'grpc'

/** Tag of `events` in every response: field 1, a message. What follows it is what makes it cheap to write by hand. */
const EVENTS_TAG = 0x0a
/** Tags of `Event`: `cursor` is field 1, `text` field 4. */
const CURSOR_TAG = 0x0a
const TEXT_TAG = 0x22
/** An event that is a `Heartbeat`: field 17, of no length. */
const HEARTBEAT: Uint8Array = Uint8Array.of(EVENTS_TAG, 3, 0x8a, 0x01, 0)

/** How a reading came to its end, as far as its encoder has told the client. */
export type ReadingEnd = EndEvent | Closed

/** What an {@link EventEncoder} is told besides its chunks. */
export interface EventEncoderOptions {
  /** The end of a stream of which this reading has everything already: said with the opening, since nothing follows. */
  nothingLeft?: EndEvent | undefined
  /** Makes the fields that a message has after its events; `over` is present in the last one. */
  suffix?: ((over: ReadingEnd | undefined) => Uint8Array) | undefined
}

/**
 * Encodes the `events` of a response: a chunk becomes the bytes of one message, and messages that are joined are one
 * message still. Remembers how the reading ended, because the call's status must say the same.
 */
export class EventEncoder implements Encoder {
  /** Present once the client was told that nothing follows. */
  over: ReadingEnd | undefined
  readonly #options: EventEncoderOptions
  #streamId = ''
  #epoch = -1
  #cursorPrefix = ''

  constructor(options: EventEncoderOptions = {}) {
    this.#options = options
  }

  open({ opened }: EncoderStart): Uint8Array {
    this.#streamId = opened.id
    this.over = this.#options.nothingLeft
    return this.#join([frameEvent(toNoticeMessage(opened))])
  }

  encode(chunk: readonly Entry[]): Uint8Array {
    return this.#join(chunk.map((entry) => this.#encodeEntry(entry)))
  }

  closed(notice: Closed): Uint8Array {
    this.over ??= notice
    return this.#join([frameEvent(toNoticeMessage(notice))])
  }

  heartbeat(): Uint8Array {
    return HEARTBEAT
  }

  #encodeEntry(entry: Entry): Uint8Array {
    const { event, epoch, seq, withheld } = entry
    switch (event.type) {
      case 'text':
        if (!isPlainText(event) || withheld) break
        if (epoch !== this.#epoch) this.#enterEpoch(epoch)
        return frameText(this.#cursorPrefix + seq, event.text)
      case 'end':
        this.over = event
        break
      case 'reasoning':
      case 'refusal':
      case 'tool':
      case 'data':
      case 'usage':
      case 'finish':
        break
      default:
        event satisfies never
    }
    return frameEvent(toEventMessage(this.#streamId, entry))
  }

  #enterEpoch(epoch: number): void {
    this.#epoch = epoch
    this.#cursorPrefix = `${this.#streamId}.${epoch}.`
  }

  #join(pieces: readonly Uint8Array[]): Uint8Array {
    const { suffix } = this.#options
    if (suffix) return Buffer.concat([...pieces, suffix(this.over)])
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  }
}

/** The wire of one reading: its encoder is looked at when the reading is over. */
export function wireOf(encoder: Encoder): Wire {
  return { name: WIRE_NAME, contentType: 'application/grpc+proto', resumable: true, create: () => encoder }
}

function frameEvent(event: Event): Uint8Array {
  const bytes = toBinary(EventSchema, event)
  const framed = Buffer.allocUnsafe(1 + varintLength(bytes.length) + bytes.length)
  framed[0] = EVENTS_TAG
  framed.set(bytes, writeVarint(framed, 1, bytes.length))
  return framed
}

/** What {@link frameEvent} makes of a piece of text, without the detour. A cursor has less than 128 characters. */
function frameText(cursor: string, text: string): Uint8Array {
  const textLength = Buffer.byteLength(text)
  const length = 2 + cursor.length + 1 + varintLength(textLength) + textLength
  const framed = Buffer.allocUnsafe(1 + varintLength(length) + length)
  framed[0] = EVENTS_TAG
  let at = writeVarint(framed, 1, length)
  framed[at++] = CURSOR_TAG
  framed[at++] = cursor.length
  at += framed.write(cursor, at, 'latin1')
  framed[at++] = TEXT_TAG
  at = writeVarint(framed, at, textLength)
  // Text without a letter beyond ASCII is the same in Latin-1, which is written without looking at it twice.
  framed.write(text, at, textLength === text.length ? 'latin1' : 'utf8')
  return framed
}
