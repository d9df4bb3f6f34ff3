import { SluiceError } from '@sluice/core'
import { joinBytes, type Sink, type WireBytes } from '@sluice/core/extend'

/** Queues bytes until the reader of a `ReadableStream` asks; what gathered meanwhile leaves as one piece. */
export class BodySink implements Sink {
  readonly stream: ReadableStream<Uint8Array>
  readonly #queueBytes: number
  readonly #onOver: () => void
  readonly #encoder = new TextEncoder()
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #closing = false
  /** The reader waits and was given nothing yet. */
  #wanted = false
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
    if (!this.#controller || this.#closing || bytes.length === 0) return true
    const chunk = typeof bytes === 'string' ? this.#encoder.encode(bytes) : bytes
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.byteLength
    if (this.#wanted) this.#flush()
    return this.#queuedBytes < this.#queueBytes
  }

  drained(): Promise<void> {
    if (!this.#controller || this.#closing || this.#queuedBytes < this.#queueBytes) return Promise.resolve()
    this.#waiting ??= Promise.withResolvers<void>()
    return this.#waiting.promise
  }

  close(): void {
    if (!this.#controller || this.#closing) return
    this.#closing = true
    this.#resume()
    if (this.#queuedBytes === 0) this.#end()
  }

  destroy(): void {
    const controller = this.#controller
    if (!controller) return
    controller.error(new SluiceError('SLUICE_ERR_INTERRUPTED', 'The response was cut before its end.'))
    this.#release()
  }

  #pull(): void {
    if (this.#queuedBytes === 0) this.#wanted = true
    else this.#flush()
    if (this.#closing) this.#end()
    else this.#resume()
  }

  #flush(): void {
    const chunk = joinBytes(this.#queue)
    this.#queue = []
    this.#queuedBytes = 0
    // Before the enqueue, which may pull at once.
    this.#wanted = false
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
