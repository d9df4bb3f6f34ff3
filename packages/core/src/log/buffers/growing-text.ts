import { type Buffers, bufferBytes } from './buffer-pool.ts'
import { decodeText, LONG_TEXT_BYTES, PackedText } from './packed-text.ts'
import { PackedRun } from './packed-run.ts'
import { TEXT_COST_BYTES } from '../../events/event-size.ts'

const MAX_ROOM_BYTES = 16 * 1024
/** What a token takes beside its bytes, while its length is a number of its own. */
const LENGTH_COST_BYTES = 12

const encoder = new TextEncoder()

/** Long tokens of the text of choice 0, in the buffer that they are written to as they come. */
export class GrowingText {
  readonly #buffer: Uint8Array
  readonly #lengths: number[] = []
  #bytes = 0

  /** `bytes` are those of the first token, `before` those before it: there will be room for more where there was much. */
  constructor(bytes: number, before: number, pool: Buffers) {
    this.#buffer = pool.take(Math.max(bytes, LONG_TEXT_BYTES, Math.min(before, MAX_ROOM_BYTES)))
  }

  get heldBytes(): number {
    return bufferBytes(this.#buffer) + this.#lengths.length * LENGTH_COST_BYTES
  }

  /** Whether so many bytes go in. */
  takes(bytes: number): boolean {
    return this.#bytes + bytes <= this.#buffer.length
  }

  push(token: string): void {
    const { written } = encoder.encodeInto(token, this.#buffer.subarray(this.#bytes))
    this.#bytes += written
    this.#lengths.push(written)
  }

  visit(from: number, to: number, visit: (token: string, index: number) => boolean): boolean {
    let start = this.#startOf(from)
    for (let index = from; index < to; index++) {
      const end = start + this.#lengths[index]!
      if (!visit(decodeText(this.#buffer, start, end), index)) return false
      start = end
    }
    return true
  }

  visitBytes(from: number, to: number, visit: (bytes: number, index: number) => boolean): boolean {
    for (let index = from; index < to; index++) if (!visit(this.#lengths[index]! + TEXT_COST_BYTES, index)) return false
    return true
  }

  plainText(from: number, to: number): string {
    return decodeText(this.#buffer, this.#startOf(from), this.#startOf(to))
  }

  /** No more tokens come. The buffer is kept where they fill it. */
  seal(pool: Buffers): PackedRun {
    return new PackedRun(PackedText.written(this.#buffer, this.#bytes, pool), String.fromCharCode(...this.#lengths))
  }

  release(pool: Buffers): void {
    pool.give(this.#buffer)
  }

  #startOf(index: number): number {
    let start = 0
    for (let before = 0; before < index; before++) start += this.#lengths[before]!
    return start
  }
}
