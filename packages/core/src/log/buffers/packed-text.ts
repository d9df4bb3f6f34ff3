import { type Buffers, bufferBytes } from './buffer-pool.ts'
import { unitsBytes } from '../../events/held-bytes.ts'

/** Text of this size goes outside the heap: what lives long and dies in order is no work for a collector. */
export const LONG_TEXT_BYTES = 4096
/** A buffer that is filled by less is too large for what it holds. */
const MIN_FULL = 15 / 16
/** A shorter slice is a text of its own; a longer one keeps all of what it was cut from. */
const MIN_SLICE_UNITS = 13

const encoder = new TextEncoder()
// A byte order mark is text like any other here.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const scratch = new Uint8Array(LONG_TEXT_BYTES)

/**
 * Text as its UTF-8 bytes, in a buffer or, where it is short, in a string with a unit for each byte: held is what is charged,
 * whatever the text is written in, and whatever it was cut from.
 */
export class PackedText {
  /** Where it is a string, a unit for each byte. */
  readonly #bytes: string | Uint8Array
  readonly #length: number
  /** True when the string is the text. */
  readonly #ascii: boolean

  private constructor(bytes: string | Uint8Array, length: number, ascii: boolean) {
    this.#bytes = bytes
    this.#length = length
    this.#ascii = ascii
  }

  /** `text`, of so many bytes in UTF-8. */
  static of(text: string, bytes: number, pool: Buffers): PackedText {
    const ascii = text.length === bytes
    const buffer = bytes < LONG_TEXT_BYTES ? scratch : pool.take(bytes)
    encoder.encodeInto(text, buffer)
    return new PackedText(buffer === scratch ? inString(buffer.subarray(0, bytes), ascii) : buffer, bytes, ascii)
  }

  /** The text that was written to the first `bytes` of `buffer`, which is kept where it has not much room left. */
  static written(buffer: Uint8Array, bytes: number, pool: Buffers): PackedText {
    if (bytes >= buffer.length * MIN_FULL) return new PackedText(buffer, bytes, false)
    const text = decodeText(buffer, 0, bytes)
    pool.give(buffer)
    return PackedText.of(text, bytes, pool)
  }

  get heldBytes(): number {
    return typeof this.#bytes === 'string' ? unitsBytes(this.#length) : bufferBytes(this.#bytes)
  }

  /** The text between two of its bytes, where code points end. */
  read(from: number = 0, to: number = this.#length): string {
    const bytes = this.#bytes
    if (typeof bytes !== 'string') return decodeText(bytes, from, to)
    if (this.#ascii) return bytes.slice(from, to)
    for (let index = from; index < to; index++) scratch[index - from] = bytes.charCodeAt(index)
    return decodeText(scratch, 0, to - from)
  }

  /** The text is not needed any more. */
  release(pool: Buffers): void {
    if (typeof this.#bytes !== 'string') pool.give(this.#bytes)
  }
}

/** The text of these bytes. */
export function decodeText(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to))
}

function inString(bytes: Uint8Array, ascii: boolean): string {
  return ascii ? decoder.decode(bytes) : String.fromCharCode.apply(null, bytes as unknown as number[])
}

/** What was made flat last: looked at, so that no compiler leaves it out. */
let lookedAt = 0

/** Whether `text` may be cut from a larger one, and keep all of it alive. */
export function isSlice(text: string): boolean {
  return text.length >= MIN_SLICE_UNITS
}

/** `text` by itself. */
export function ownText(text: string): string {
  if (!isSlice(text)) return text
  // Joined, and flat once a unit of it was looked at: a copy, many times faster than by way of bytes.
  const joined = text.slice(0, 1) + text.slice(1)
  lookedAt = joined.charCodeAt(lookedAt & 1)
  return joined
}
