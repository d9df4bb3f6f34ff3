/** Cuts what a gRPC call says into its messages: a flag, four bytes of length, the message. */
export class GrpcFrames {
  readonly #onMessage: (message: Uint8Array) => void
  #bytes: Buffer = Buffer.alloc(0)

  constructor(onMessage: (message: Uint8Array) => void) {
    this.#onMessage = onMessage
  }

  push(piece: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece])
    while (this.#bytes.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#bytes.readUInt32BE(1)
      if (this.#bytes.length < end) return
      this.#onMessage(this.#bytes.subarray(HEAD_BYTES, end))
      this.#bytes = this.#bytes.subarray(end)
    }
  }
}

const HEAD_BYTES = 5
