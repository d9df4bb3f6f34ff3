import type { Buffers } from './buffers/buffer-pool.ts'
import type { StreamEvent } from '../events/event.ts'
import { EVENT_COST_BYTES, TEXT_COST_BYTES } from '../events/event-size.ts'
import { GrowingText } from './buffers/growing-text.ts'
import { isWorthPacking, PackedEvent } from './buffers/packed-event.ts'
import { type Item, itemHeldBytes, PackedRun } from './buffers/packed-run.ts'
import { isSlice, ownText } from './buffers/packed-text.ts'

/** A logged event: a plain string is a piece of the text of choice 0, by far the most common kind. */
export type Logged = string | StreamEvent

const MAX_SEGMENT_EVENTS = 256
/** Tokens of this size go into a buffer at once: as strings they would grow old while their segment fills. */
const LONG_TOKEN_UNITS = 512
/** A longer one has a length that is packed in a way of its own. */
const MAX_LONG_TOKEN_UNITS = Math.floor(0xffff / 3)
/** What a segment takes beside its events, with its place among the others. */
const SEGMENT_COST_BYTES = 152
/** What an event takes beside itself, while it is not packed: its place in an array that grows, and that of its size in another. */
const PLACE_COST_BYTES = 24
/** What a token of text takes beside its bytes, while it is a string of its own. */
const TOKEN_COST_BYTES = PLACE_COST_BYTES + 20

/**
 * A run of logged events of one epoch. They are packed once the segment is full (long tokens at once): one text and the lengths
 * of its pieces, instead of an object per token.
 */
export class Segment {
  readonly firstSeq: number
  readonly epoch: number
  /** Bytes charged for everything before this segment, since the stream began. */
  readonly startBytes: number
  /** Bytes charged for its events. */
  bytes = 0
  /** Bytes it takes now: more while it grows, and about what it is charged once it is packed. */
  heldBytes: number = SEGMENT_COST_BYTES
  count = 0
  /** True when every event is plain text. */
  plain = true
  /** The events, while they are not packed, */
  #items: Item[] | undefined
  /** and what each is charged: it is asked for by every reader and store, and to count it again costs more than all else they do here. */
  #sizes: number[] | undefined
  /** The same of long tokens. */
  #growing: GrowingText | undefined
  /** The events, packed. */
  #run: PackedRun | undefined
  /** How many events were counted last, and their bytes: who asks next asks of some more. */
  #counted = 0
  #countedBytes = 0

  constructor(firstSeq: number, epoch: number, startBytes: number) {
    this.firstSeq = firstSeq
    this.epoch = epoch
    this.startBytes = startBytes
  }

  /** Whether the next event, of `bytes` charged, can go in here. */
  takes(event: Logged, bytes: number, maxBytes: number): boolean {
    if (this.count >= MAX_SEGMENT_EVENTS || this.bytes >= maxBytes || this.#run) return false
    return this.#growing === undefined || (typeof event === 'string' && this.#growing.takes(bytes - TEXT_COST_BYTES))
  }

  /** `json` is the text of an event that is no piece of the text of choice 0. */
  push(event: Logged, bytes: number, pool: Buffers, json: string | undefined): void {
    if (typeof event === 'string') this.#pushText(event, bytes, pool)
    else this.#pushEvent(event, bytes, pool, json)
    this.count++
    this.bytes += bytes
  }

  /** No more events will come: gives back what single tokens cost. */
  seal(pool: Buffers): void {
    if (this.#growing) this.#run = this.#growing.seal(pool)
    else if (this.#items) this.#run = PackedRun.of(this.#items, this.#sizes!, pool)
    else return
    this.#growing = undefined
    this.#items = undefined
    this.#sizes = undefined
    this.heldBytes = SEGMENT_COST_BYTES + this.#run.heldBytes
  }

  /** The segment is not needed any more. */
  release(pool: Buffers): void {
    this.#growing?.release(pool)
    this.#run?.release(pool)
    for (const item of this.#items ?? []) if (item instanceof PackedEvent) item.release(pool)
  }

  /** The event at `index` (0-based in this segment). */
  at(index: number): Logged {
    if (this.#items) return unpacked(this.#items[index]!)
    let event: Logged = ''
    this.#visitItems(index, index + 1, (item) => (event = unpacked(item)) !== undefined)
    return event
  }

  /** Calls `visit` with the events `from`..`to` (exclusive) until it gives `false`; gives whether it never did. */
  visit(from: number, to: number, visit: (event: Logged, index: number) => boolean): boolean {
    return this.#visitItems(from, to, (item, index) => visit(unpacked(item), index))
  }

  /** The same without what makes an event large, where it is. */
  visitOutlines(from: number, to: number, visit: (event: Logged) => boolean): boolean {
    return this.#visitItems(from, to, (item) => visit(item instanceof PackedEvent ? item.outline : item))
  }

  /** The same with what each is charged, without its text where that is not needed. */
  visitBytes(from: number, to: number, visit: (bytes: number, index: number) => boolean): boolean {
    const packed = this.#run ?? this.#growing
    if (packed) return packed.visitBytes(from, to, visit)
    for (let index = from; index < to; index++) if (!visit(this.#sizes![index]!, index)) return false
    return true
  }

  /** What the first `count` events are charged together. */
  bytesOf(count: number): number {
    if (count === this.count) return this.bytes
    if (count < this.#counted) this.#counted = this.#countedBytes = 0
    this.visitBytes(this.#counted, count, (bytes) => (this.#countedBytes += bytes) > 0)
    this.#counted = count
    return this.#countedBytes
  }

  /** Text of the run `from`..`to` (exclusive) if all of it is plain text; else `undefined`. */
  plainText(from: number, to: number): string | undefined {
    const packed = this.#run ?? this.#growing
    if (packed) return packed.plainText(from, to)
    let text = ''
    for (let index = from; index < to; index++) {
      const item = this.#items![index]
      if (typeof item !== 'string') return undefined
      text += item
    }
    return text
  }

  #pushText(text: string, bytes: number, pool: Buffers): void {
    if (this.count === 0 && isLongToken(text)) {
      this.#growing = new GrowingText(bytes, this.startBytes, pool)
      this.heldBytes = SEGMENT_COST_BYTES + this.#growing.heldBytes
    }
    if (this.#growing) {
      const held = this.#growing.heldBytes
      this.#growing.push(text)
      this.heldBytes += this.#growing.heldBytes - held
      return
    }
    this.#add(ownText(text), bytes)
    this.heldBytes += bytes + TOKEN_COST_BYTES
  }

  #pushEvent(event: StreamEvent, bytes: number, pool: Buffers, json: string | undefined): void {
    this.plain = false
    const jsonBytes = bytes - EVENT_COST_BYTES
    const packs = json !== undefined && isWorthPacking(event, jsonBytes)
    const item = packs ? new PackedEvent(event, json, jsonBytes, pool) : ownEvent(event)
    this.#add(item, bytes)
    this.heldBytes += itemHeldBytes(item) + PLACE_COST_BYTES
  }

  #add(item: Item, bytes: number): void {
    if (this.#items) {
      this.#items.push(item)
      this.#sizes!.push(bytes)
    } else {
      this.#items = [item]
      this.#sizes = [bytes]
    }
  }

  #visitItems(from: number, to: number, visit: (item: Item, index: number) => boolean): boolean {
    const packed = this.#run ?? this.#growing
    if (packed) return packed.visit(from, to, visit)
    for (let index = from; index < to; index++) if (!visit(this.#items![index]!, index)) return false
    return true
  }
}

function unpacked(item: Item): Logged {
  return item instanceof PackedEvent ? item.unpack() : item
}

/** `event` as it is told to others. */
export function toEvent(event: Logged): StreamEvent {
  return typeof event === 'string' ? { type: 'text', text: event } : event
}

/** Other parts of an event are copies of what the source gave; a piece of text may be one of a large one. */
function ownEvent(event: StreamEvent): StreamEvent {
  return 'text' in event && isSlice(event.text) ? { ...event, text: ownText(event.text) } : event
}

function isLongToken(text: string): boolean {
  return text.length >= LONG_TOKEN_UNITS && text.length <= MAX_LONG_TOKEN_UNITS
}
