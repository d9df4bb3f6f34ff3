import { GatheredBytes } from '@sluice/core/extend'

import { tooLarge } from './inflate.ts'

/** Before every message: a byte of flags, and its length. */
export const PREFIX_BYTES = 5
/** The flag of a message that is compressed. */
export const COMPRESSED = 1

/** A message, and the flags it came with. */
export interface Frame {
  readonly flags: number
  readonly message: Uint8Array
}

/** Finds the messages in what comes in pieces of any size. */
export class Frames {
  readonly #maxBytes: number
  readonly #head: Uint8Array = new Uint8Array(PREFIX_BYTES)
  #headBytes = 0
  #leftBytes = 0
  readonly #gathered: GatheredBytes = new GatheredBytes()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes of a message that is not whole yet. */
  get pending(): number {
    return this.#headBytes + this.#gathered.length
  }

  /** The messages that are whole with this piece. @throws SluiceError `SLUICE_ERR_TOO_LARGE` */
  *push(piece: Uint8Array): Generator<Frame, void, undefined> {
    let at = 0
    for (;;) {
      if (this.#headBytes < PREFIX_BYTES) {
        const head = piece.subarray(at, at + PREFIX_BYTES - this.#headBytes)
        this.#head.set(head, this.#headBytes)
        this.#headBytes += head.length
        at += head.length
        if (this.#headBytes < PREFIX_BYTES) return
        this.#leftBytes = new DataView(this.#head.buffer).getUint32(1)
        if (this.#leftBytes > this.#maxBytes) throw tooLarge(this.#maxBytes)
      }
      const rest = piece.subarray(at, at + this.#leftBytes)
      this.#gathered.push(rest)
      this.#leftBytes -= rest.length
      at += rest.length
      if (this.#leftBytes > 0) return
      this.#headBytes = 0
      yield { flags: this.#head[0]!, message: this.#gathered.take() }
    }
  }
}

/** A message as it is framed. */
export function framed(flags: number, message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(PREFIX_BYTES + message.length)
  frame[0] = flags
  new DataView(frame.buffer).setUint32(1, message.length)
  frame.set(message, PREFIX_BYTES)
  return frame
}
