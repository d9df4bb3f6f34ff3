import { SluiceError } from '@sluice/core'

/** Counts what waits until it can be passed on. */
export class WaitingBytes {
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Gives the function that counts it no more. One item is taken however large. @throws SluiceError `SLUICE_ERR_OVERLOADED` */
  take(bytes: number): () => void {
    if (bytes === Infinity || (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes)) {
      const message = 'Too many of your messages have not reached their sources yet; try again later.'
      throw new SluiceError('SLUICE_ERR_OVERLOADED', message, { retryAfterMs: 1_000 })
    }
    this.#bytes += bytes
    return () => {
      this.#bytes -= bytes
    }
  }
}
