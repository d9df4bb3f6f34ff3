/** Buffers that wait to be used again. */
const MAX_FREE = 1
/** Sizes are rounded up to this, so that buffers of much the same size serve each other. */
const GRAIN_BYTES = 1024

/** Where packed text gets its buffers, and gives them back. */
export interface Buffers {
  /** A buffer of at least `bytes`, with anything in it. */
  take(bytes: number): Uint8Array
  give(buffer: Uint8Array): void
}

/**
 * The buffers of one log's packed text. What is trimmed makes room for what is packed next: otherwise a log that is
 * full would make as much garbage as text, and garbage outside the heap is collected late.
 */
export class BufferPool implements Buffers {
  #free: Uint8Array[] = []

  /** A buffer of at least `bytes`, with anything in it. */
  take(bytes: number): Uint8Array {
    const index = this.#free.findIndex(({ length }) => length >= bytes && length <= 2 * bytes + GRAIN_BYTES)
    if (index !== -1) return this.#free.splice(index, 1)[0]!
    return new Uint8Array(Math.ceil(bytes / GRAIN_BYTES) * GRAIN_BYTES)
  }

  give(buffer: Uint8Array): void {
    if (this.#free.length < MAX_FREE) this.#free.push(buffer)
  }
}
