import { SluiceError } from '@sluice/core'
import { joinBytes, type Sink, type WireBytes } from '@sluice/core/extend'

/**
 * Gives what is written to whoever reads a `ReadableStream`, at most a piece ahead of them: what gathers before they come, or
 * behind that piece, leaves as one.
 */
export class BodySink implements Sink {
  readonly stream: ReadableStream<Uint8Array>
  readonly #queueBytes: number
  readonly #onOver: () => void
  readonly #encoder = new TextEncoder()
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  /** Somebody has begun to read. */
  #begun = false
  /** The length of the piece ahead. */
  #aheadBytes = 0
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #closing = false
  /** Present while the stream is not to say when its reader waits: to be told so costs some promises a piece. */
  #untold: PromiseWithResolvers<void> | undefined
  #waiting: PromiseWithResolvers<void> | undefined

  /** `onOver` is called once: after the last bytes were taken, or when the stream was cancelled or destroyed. */
  constructor(queueBytes: number, onOver: () => void) {
    this.#queueBytes = queueBytes
    this.#onOver = onOver
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pull(),
        cancel: () => this.#release(),
      },
      { highWaterMark: 0 },
    )
  }

  write(bytes: WireBytes): boolean {
    const controller = this.#controller
    if (!controller || this.#closing || bytes.length === 0) return true
    const chunk = typeof bytes === 'string' ? this.#encoder.encode(bytes) : bytes
    if (this.#begun && this.#queue.length === 0 && this.#isTaken) {
      this.#aheadBytes = chunk.byteLength
      controller.enqueue(chunk)
    } else {
      this.#queue.push(chunk)
      this.#queuedBytes += chunk.byteLength
      this.#askToBeTold()
    }
    return this.#heldBytes < this.#queueBytes
  }

  drained(): Promise<void> {
    if (!this.#controller || this.#closing || this.#heldBytes < this.#queueBytes) return Promise.resolve()
    this.#waiting ??= Promise.withResolvers<void>()
    this.#askToBeTold()
    return this.#waiting.promise
  }

  close(): void {
    if (!this.#controller || this.#closing) return
    this.#closing = true
    this.#resume()
    if (this.#heldBytes === 0) this.#end()
    else this.#askToBeTold()
  }

  destroy(): void {
    const controller = this.#controller
    if (!controller) return
    controller.error(new SluiceError('SLUICE_ERR_INTERRUPTED', 'The response was cut before its end.'))
    this.#release()
  }

  /** Whether the piece ahead was taken. */
  get #isTaken(): boolean {
    return (this.#controller?.desiredSize ?? 0) >= 0
  }

  get #heldBytes(): number {
    return this.#queuedBytes + (this.#isTaken ? 0 : this.#aheadBytes)
  }

  /** The reader waits. */
  #pull(): Promise<void> | undefined {
    this.#begun = true
    this.#flush()
    if (this.#closing) {
      this.#end()
      return undefined
    }
    this.#resume()
    this.#untold = Promise.withResolvers()
    return this.#untold.promise
  }

  #askToBeTold(): void {
    this.#untold?.resolve()
    this.#untold = undefined
  }

  #flush(): void {
    if (this.#queuedBytes === 0) return
    const chunk = joinBytes(this.#queue)
    this.#queue = []
    this.#queuedBytes = 0
    this.#aheadBytes = chunk.byteLength
    this.#controller?.enqueue(chunk)
  }

  #end(): void {
    this.#controller?.close()
    this.#release()
  }

  #release(): void {
    if (!this.#controller) return
    this.#controller = undefined
    this.#queue = []
    this.#queuedBytes = 0
    this.#resume()
    this.#onOver()
  }

  #resume(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}
