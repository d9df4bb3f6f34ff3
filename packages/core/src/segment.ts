import type { StreamEvent } from './event.ts'

/** A logged event: a plain string is a piece of the text of choice 0, by far the most common kind. */
export type Logged = string | StreamEvent

const MAX_SEGMENT_EVENTS = 256

/**
 * A run of logged events of one epoch. Once full, a run of plain text is packed: one string and the places where its
 * tokens end, instead of a string object per token.
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
  #ends: Uint32Array | undefined

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
    if (!this.#plain || !this.#items || this.count < 4) return
    const ends = new Uint32Array(this.count)
    let end = 0
    for (let index = 0; index < this.count; index++) {
      end += (this.#items[index] as string).length
      ends[index] = end
    }
    this.#text = (this.#items as string[]).join('')
    this.#ends = ends
    this.#items = undefined
  }

  /** The event at `index` (0-based in this segment). */
  at(index: number): Logged {
    if (this.#items) return this.#items[index]!
    return this.#text.slice(index === 0 ? 0 : this.#ends![index - 1]!, this.#ends![index]!)
  }

  /** Text of the run `from`..`to` (exclusive) if all of it is plain text; else `undefined`. */
  plainText(from: number, to: number): string | undefined {
    const items = this.#items
    if (!items) return this.#text.slice(from === 0 ? 0 : this.#ends![from - 1]!, this.#ends![to - 1]!)
    let text = ''
    for (let index = from; index < to; index++) {
      const item = items[index]
      if (typeof item !== 'string') return undefined
      text += item
    }
    return text
  }
}
