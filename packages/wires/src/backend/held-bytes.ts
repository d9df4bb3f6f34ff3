import type { SluiceError } from '@sluice/core'

/** Counts what is kept of an answer from one chunk to the next, over all of its choices. */
export class HeldBytes {
  readonly #max: number
  readonly #tooMuch: () => SluiceError
  #bytes = 0

  constructor(max: number, tooMuch: () => SluiceError) {
    this.#max = max
    this.#tooMuch = tooMuch
  }

  /** @throws SluiceError when it becomes more than is allowed */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#max) throw this.#tooMuch()
  }
}
