import type { ServerHttp2Stream } from 'node:http2'

import type { Sink, WireBytes } from '@sluice/core/extend'

/** How a call is cut: no client takes this for an end. */
const HTTP2_INTERNAL_ERROR = 2
/** Before every message: a byte that says "not compressed", and its length. */
const PREFIX_BYTES = 5

/** Who is told of the end of a call. */
export interface Http2SinkOwner {
  /** All is written: what is left to send are the trailers. */
  finish(): void
}

/** Writes the messages of a call to its HTTP/2 stream, which sends them as far as the client's window goes. */
export class Http2Sink implements Sink {
  readonly #stream: ServerHttp2Stream
  readonly #queueBytes: number
  readonly #owner: Http2SinkOwner
  #open = true
  #waiting: PromiseWithResolvers<void> | undefined
  readonly #onDrain = (): void => this.#resume()

  constructor(stream: ServerHttp2Stream, queueBytes: number, owner: Http2SinkOwner) {
    this.#stream = stream
    this.#queueBytes = queueBytes
    this.#owner = owner
    limitQueue(stream, queueBytes)
  }

  write(bytes: WireBytes): boolean {
    if (!this.#open || bytes.length === 0) return true
    const stream = this.#stream
    const message = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
    frame[0] = 0
    frame.writeUInt32BE(message.length, 1)
    frame.set(message, PREFIX_BYTES)
    stream.write(frame)
    return stream.writableLength < this.#queueBytes
  }

  drained(): Promise<void> {
    if (!this.#open || !this.#stream.writableNeedDrain) return Promise.resolve()
    if (!this.#waiting) {
      this.#waiting = Promise.withResolvers<void>()
      this.#stream.once('drain', this.#onDrain)
    }
    return this.#waiting.promise
  }

  close(): void {
    if (!this.#open) return
    this.over()
    this.#owner.finish()
  }

  destroy(): void {
    this.over()
    if (!this.#stream.closed) this.#stream.close(HTTP2_INTERNAL_ERROR)
  }

  /** Nothing is written any more, and nobody waits to. */
  over(): void {
    this.#open = false
    this.#stream.off('drain', this.#onDrain)
    this.#resume()
  }

  #resume(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}

/** Node has no other way to set the bound of one stream. Were this one gone, node's own bound of 64 KiB would hold. */
export function limitQueue(stream: ServerHttp2Stream, queueBytes: number): void {
  const { _writableState: state } = stream as { _writableState?: { highWaterMark: number } }
  if (state) state.highWaterMark = queueBytes
}
