import { joinBytes } from './bytes.ts'

/** A piece of this size is kept as it is: what an array costs beside its bytes is little then. */
const LARGE_BYTES = 4_096

/**
 * Bytes that come in pieces of any size, and are wanted as one: a sender decides how small its pieces are, and pays for each
 * byte of them alike. Small ones are copied together.
 */
export class GatheredBytes {
  #length = 0
  #pieces: Uint8Array[] = []
  #small: Uint8Array | undefined
  #smallLength = 0

  /** How many bytes there are. */
  get length(): number {
    return this.#length
  }

  /** How many arrays the bytes are kept in. */
  get pieces(): number {
    return this.#pieces.length + (this.#small ? 1 : 0)
  }

  /** Adds a piece, which is not to be changed from then on. */
  push(piece: Uint8Array): void {
    this.#length += piece.length
    if (piece.length >= LARGE_BYTES) {
      this.#seal()
      this.#pieces.push(piece)
      return
    }
    if (this.#smallLength + piece.length > LARGE_BYTES) this.#seal()
    this.#small ??= new Uint8Array(LARGE_BYTES)
    this.#small.set(piece, this.#smallLength)
    this.#smallLength += piece.length
  }

  /** All bytes so far, which are kept no longer. */
  take(): Uint8Array {
    this.#seal()
    const pieces = this.#pieces
    this.clear()
    return pieces.length === 1 ? pieces[0]! : joinBytes(pieces)
  }

  /** Forgets all. */
  clear(): void {
    this.#length = 0
    this.#pieces = []
    this.#small = undefined
    this.#smallLength = 0
  }

  #seal(): void {
    if (this.#smallLength === 0) return
    this.#pieces.push(this.#small!.slice(0, this.#smallLength))
    this.#smallLength = 0
  }
}
