/** Buffers that wait to be used again: one that text is written into, and one of text that was packed. */
const MAX_FREE = 2
/** Sizes are rounded up to this part of them, so that buffers of much the same size serve each other. */
const GRAINS = 16
/** What a buffer takes beside its bytes. */
const BUFFER_COST_BYTES = 224

/** Where packed text gets its buffers, and gives them back. */
export interface Buffers {
  /** A buffer of at least `bytes`, with anything in it. */
  take(bytes: number): Uint8Array
  give(buffer: Uint8Array): void
}

/** What `buffer` takes. */
export function bufferBytes({ length }: Uint8Array): number {
  return length + BUFFER_COST_BYTES
}

/**
 * The buffers of one log's packed text. What is trimmed makes room for what is packed next: otherwise a log that is
 * full would make as much garbage as text, and garbage outside the heap is collected late.
 */
export class BufferPool implements Buffers {
  #free: Uint8Array[] = []
  /** What the buffers that wait here take. */
  heldBytes = 0

  /** A buffer of at least `bytes` and not many more, with anything in it. */
  take(bytes: number): Uint8Array {
    const size = roundedUp(bytes)
    const index = this.#free.findIndex(({ length }) => length >= bytes && length <= size)
    if (index === -1) return new Uint8Array(size)
    const [buffer] = this.#free.splice(index, 1)
    this.heldBytes -= bufferBytes(buffer!)
    return buffer!
  }

  give(buffer: Uint8Array): void {
    if (this.#free.length >= MAX_FREE) this.heldBytes -= bufferBytes(this.#free.shift()!)
    this.#free.push(buffer)
    this.heldBytes += bufferBytes(buffer)
  }

  /** Nothing more is packed. */
  clear(): void {
    this.#free = []
    this.heldBytes = 0
  }
}

function roundedUp(bytes: number): number {
  const grain = 2 ** Math.max(0, Math.floor(Math.log2(bytes / GRAINS)))
  return Math.ceil(bytes / grain) * grain
}
