import type { Buffers } from './buffers/buffer-pool.ts'
import type { StreamEvent } from '../events/event.ts'
import { EVENT_COST_BYTES, eventBytes } from '../events/event-size.ts'
import { isWorthPacking, PackedEvent } from './buffers/packed-event.ts'
import { utf8Length } from '../events/utf8.ts'

/** A logged event: a plain string is a piece of the text of choice 0, by far the most common kind. */
export type Logged = string | StreamEvent

/** An event as a segment holds it while it does not pack it as text. */
type Item = Logged | PackedEvent

const MAX_SEGMENT_EVENTS = 256
/** Fewer events are not worth packing. */
const MIN_PACKED_EVENTS = 4
/** Text of this size goes outside the heap: what lives long and dies in order is no work for a collector. */
const LONG_TEXT_BYTES = 4096
/** Tokens of this size go there at once: as strings they would grow old while their segment fills. */
const LONG_TOKEN_UNITS = 512
const MAX_PACKED_LENGTH = 0xffff

const encoder = new TextEncoder()
// A byte order mark is text like any other here.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * A run of logged events of one epoch. Plain text is packed once the segment is full (long tokens at once): one text and
 * the lengths of its tokens, instead of a string object per token.
 */
export class Segment {
  readonly firstSeq: number
  readonly epoch: number
  /** Bytes charged for everything before this segment, since the stream began. */
  readonly startBytes: number
  bytes = 0
  count = 0
  /** True when every event is plain text. */
  plain = true
  /** The events, while they are not packed as text. */
  #items: Item[] | undefined
  /** Packed text: a string, or UTF-8 in a buffer. */
  #text: string | Uint8Array = ''
  #textBytes = 0
  /** True when packed text that is a string has as many bytes as units. */
  #ascii = false
  /** Length of each packed token in units of `#text`; as a string once the segment is full: a byte a token. */
  #lengths: number[] | string = ''

  constructor(firstSeq: number, epoch: number, startBytes: number) {
    this.firstSeq = firstSeq
    this.epoch = epoch
    this.startBytes = startBytes
  }

  /** Whether the next event, of `bytes` charged, can go in here. */
  takes(event: Logged, bytes: number, maxBytes: number): boolean {
    if (this.count >= MAX_SEGMENT_EVENTS || this.bytes >= maxBytes) return false
    if (typeof this.#text === 'string') return true
    return typeof event === 'string' && this.#textBytes + bytes - EVENT_COST_BYTES <= this.#text.length
  }

  /** `json` is the text of an event that is no plain text. */
  push(event: Logged, bytes: number, pool: Buffers, json: string | undefined): void {
    if (this.count === 0 && isLongToken(event)) this.#text = pool.take(Math.max(bytes, LONG_TEXT_BYTES * 4))
    if (typeof this.#text !== 'string') this.#write(event as string, this.#text)
    else {
      const packs = typeof event !== 'string' && json !== undefined && isWorthPacking(event, bytes)
      const item = packs ? new PackedEvent(event, json, bytes, pool) : event
      if (this.#items) this.#items.push(item)
      else this.#items = [item]
    }
    if (typeof event !== 'string') this.plain = false
    this.count++
    this.bytes += bytes
  }

  /** No more events will come: gives back what single tokens cost. */
  seal(pool: Buffers): void {
    if (typeof this.#lengths !== 'string') this.#lengths = String.fromCharCode(...this.#lengths)
    if (!this.plain || !this.#items) return
    const tokens = this.#items as string[]
    const textBytes = this.bytes - this.count * EVENT_COST_BYTES
    const long = textBytes >= LONG_TEXT_BYTES
    if (!long && this.count < MIN_PACKED_EVENTS) return
    const lengths = tokens.map((token) => (long ? utf8Length(token) : token.length))
    if (lengths.some((length) => length > MAX_PACKED_LENGTH)) return
    this.#lengths = String.fromCharCode(...lengths)
    const text = tokens.join('')
    if (long) {
      this.#text = pool.take(textBytes)
      encoder.encodeInto(text, this.#text)
    } else {
      this.#text = text
      this.#ascii = text.length === textBytes
    }
    this.#items = undefined
  }

  /** The segment is not needed any more. */
  release(pool: Buffers): void {
    if (typeof this.#text !== 'string') pool.give(this.#text)
    this.#text = ''
    if (!this.plain) for (const item of this.#items ?? []) if (item instanceof PackedEvent) item.release(pool)
  }

  /** The event at `index` (0-based in this segment). */
  at(index: number): Logged {
    return this.#items ? unpacked(this.#items[index]!) : this.#slice(index, index + 1)
  }

  /** Calls `visit` with the events `from`..`to` (exclusive) until it gives `false`; gives whether it never did. */
  visit(from: number, to: number, visit: (event: Logged, index: number) => boolean): boolean {
    return this.#visitItems(from, to, (item, index) => visit(unpacked(item), index))
  }

  /** The same without what makes an event large, where it is. */
  visitOutlines(from: number, to: number, visit: (event: Logged) => boolean): boolean {
    return this.#visitItems(from, to, (item) => visit(item instanceof PackedEvent ? item.outline : item))
  }

  #visitItems(from: number, to: number, visit: (item: Item, index: number) => boolean): boolean {
    const items = this.#items
    // Packed text is found by adding lengths up: once, not for each event.
    let start = items ? 0 : this.#startOf(from)
    for (let index = from; index < to; index++) {
      let event = items?.[index]
      if (event === undefined) {
        const end = start + this.#lengthAt(index)
        event = this.#piece(start, end)
        start = end
      }
      if (!visit(event, index)) return false
    }
    return true
  }

  /** The same with what each is charged, without its text where that is not needed. */
  visitBytes(from: number, to: number, visit: (bytes: number, index: number) => boolean): boolean {
    const lengthsAreBytes = !this.#items && (typeof this.#text !== 'string' || this.#ascii)
    if (!lengthsAreBytes) return this.#visitItems(from, to, (item, index) => visit(bytesOf(item), index))
    for (let index = from; index < to; index++) {
      if (!visit(this.#lengthAt(index) + EVENT_COST_BYTES, index)) return false
    }
    return true
  }

  /** Text of the run `from`..`to` (exclusive) if all of it is plain text; else `undefined`. */
  plainText(from: number, to: number): string | undefined {
    const items = this.#items
    if (!items) return this.#slice(from, to)
    let text = ''
    for (let index = from; index < to; index++) {
      const item = items[index]
      if (typeof item !== 'string') return undefined
      text += item
    }
    return text
  }

  #write(token: string, buffer: Uint8Array): void {
    const { written } = encoder.encodeInto(token, buffer.subarray(this.#textBytes))
    this.#textBytes += written
    if (typeof this.#lengths === 'string') this.#lengths = []
    this.#lengths.push(written)
  }

  #slice(from: number, to: number): string {
    const start = this.#startOf(from)
    let end = start
    for (let index = from; index < to; index++) end += this.#lengthAt(index)
    return this.#piece(start, end)
  }

  /** Where the packed text of `index` begins, in units of the text. */
  #startOf(index: number): number {
    let start = 0
    for (let before = 0; before < index; before++) start += this.#lengthAt(before)
    return start
  }

  #piece(start: number, end: number): string {
    const text = this.#text
    return typeof text === 'string' ? text.slice(start, end) : decoder.decode(text.subarray(start, end))
  }

  #lengthAt(index: number): number {
    const lengths = this.#lengths
    return typeof lengths === 'string' ? lengths.charCodeAt(index) : lengths[index]!
  }
}

function unpacked(item: Item): Logged {
  return item instanceof PackedEvent ? item.unpack() : item
}

function bytesOf(item: Item): number {
  return item instanceof PackedEvent ? item.bytes : eventBytes(item)
}

/** `event` as it is told to others. */
export function toEvent(event: Logged): StreamEvent {
  return typeof event === 'string' ? { type: 'text', text: event } : event
}

function isLongToken(event: Logged): boolean {
  return typeof event === 'string' && event.length >= LONG_TOKEN_UNITS && event.length * 3 <= MAX_PACKED_LENGTH
}
