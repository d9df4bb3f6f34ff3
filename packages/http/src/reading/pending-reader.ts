import type { TokenStream } from '@sluice/core'

/**
 * A reading that counts from now on although nothing is delivered yet: while a client waits for an answer it keeps its
 * stream alive, and when it leaves the stream knows at once.
 */
export class PendingReader {
  /** True once the client has left. */
  left = false
  /** True once it was told to come back for its answer. */
  isExpected = false
  readonly #stream: Pick<TokenStream, 'hold' | 'detach' | 'expectBack'>
  readonly #signal: AbortSignal
  readonly #leave = (): void => {
    this.left = true
    this.#stream.detach()
  }

  constructor(stream: Pick<TokenStream, 'hold' | 'detach' | 'expectBack'>, signal: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
    stream.hold()
    if (signal.aborted) this.#leave()
    else signal.addEventListener('abort', this.#leave, { once: true })
  }

  /** The reading has another owner from now on; `false` when the client had left before. */
  handOver(): boolean {
    this.#signal.removeEventListener('abort', this.#leave)
    return !this.left
  }

  /** The client is told to come back: it counts for a while longer, though nothing is read for it. */
  stepOut(): void {
    this.#signal.removeEventListener('abort', this.#leave)
    if (this.left) return
    this.left = true
    this.isExpected = true
    this.#stream.expectBack()
  }

  /** Nobody is going to read. */
  giveUp(): void {
    this.#signal.removeEventListener('abort', this.#leave)
    this.#leave()
  }
}
