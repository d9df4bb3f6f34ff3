import type { StreamEvent } from './event.ts'

/** A logged event: a plain string is a piece of the text of choice 0, by far the most common kind. */
export type Logged = string | StreamEvent

const MAX_SEGMENT_EVENTS = 256
const MAX_PACKED_LENGTH = 0xffff

/**
 * A run of logged events of one epoch. Once full, a run of plain text is packed: one string and the lengths of its
 * tokens, instead of a string object per token.
 */
export class Segment {
  readonly firstSeq: number
  readonly epoch: number
  /** Bytes charged for everything before this segment, since the stream began. */
  readonly startBytes: number
  bytes = 0
  count = 0
  #items: Logged[] | undefined = []
  #plain = true
  #text = ''
  /** Length of each token of `#text` in UTF-16 units, as a string: a byte a token, and nothing for the collector to visit. */
  #lengths: string | undefined

  constructor(firstSeq: number, epoch: number, startBytes: number) {
    this.firstSeq = firstSeq
    this.epoch = epoch
    this.startBytes = startBytes
  }

  push(event: Logged, bytes: number): void {
    this.#items!.push(event)
    this.count++
    this.bytes += bytes
    if (typeof event !== 'string') this.#plain = false
  }

  isFull(maxBytes: number): boolean {
    return this.count >= MAX_SEGMENT_EVENTS || this.bytes >= maxBytes
  }

  /** No more events will come: gives back what single tokens cost. */
  seal(): void {
    const items = this.#items
    if (!this.#plain || !items || this.count < 4) return
    const lengths = (items as string[]).map((token) => token.length)
    if (lengths.some((length) => length > MAX_PACKED_LENGTH)) return
    this.#lengths = String.fromCharCode(...lengths)
    this.#text = (items as string[]).join('')
    this.#items = undefined
  }

  /** The event at `index` (0-based in this segment). */
  at(index: number): Logged {
    return this.#items ? this.#items[index]! : this.#slice(index, index + 1)
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

  #slice(from: number, to: number): string {
    if (from === 0 && to === this.count) return this.#text
    const lengths = this.#lengths!
    let start = 0
    for (let index = 0; index < from; index++) start += lengths.charCodeAt(index)
    let end = start
    for (let index = from; index < to; index++) end += lengths.charCodeAt(index)
    return this.#text.slice(start, end)
  }
}
