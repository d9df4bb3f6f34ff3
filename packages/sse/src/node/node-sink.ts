import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'

import type { Sink, WireBytes } from '@sluice/core/extend'

import type { SinkOwner } from '../response/delivery-plan.ts'
import { takeOverFraming } from './node-http1-framing.ts'
import { cut, type NodeResponse, socketOf } from './node-response.ts'

/** What both kinds of response have in common, and TypeScript cannot see. */
interface Writer {
  readonly writableLength: number
  write(bytes: WireBytes): boolean
  write(bytes: WireBytes, encoding: 'latin1'): boolean
  end(): unknown
  end(bytes: string, encoding: 'latin1'): unknown
}

const CRLF = Buffer.from('\r\n')

/** Writes to a node response, and notices when it is over. */
export class NodeSink implements Sink {
  readonly #response: NodeResponse
  readonly #writer: Writer
  readonly #queueBytes: number
  /** True when the chunks of HTTP/1.1 are framed here. */
  readonly #frames: boolean
  /** True once the head is on its way. */
  #headGone = false
  /** Told before anybody else that this is over; set once there is one. */
  owner: SinkOwner | undefined
  readonly #onOver: () => void
  /** Present while node has not yet given the socket to the response, because an earlier one on it is unfinished. */
  readonly #awaited: Socket | undefined
  #state: 'open' | 'closing' | 'over' = 'open'
  #waiting: PromiseWithResolvers<void> | undefined
  #onAwaited: (() => void) | undefined

  /** `onOver` is called once, when nothing more will happen on the response. */
  constructor(response: NodeResponse, queueBytes: number, onOver: () => void) {
    this.#response = response
    this.#writer = response
    this.#queueBytes = queueBytes
    this.#onOver = onOver
    this.#frames = takeOverFraming(response)
    const known = response as Sunk
    known[SINK] = this
    response.on('close', whenOver).on('error', whenFailed)
    if ('stream' in response) {
      const stream = response.stream as Sunk
      stream[SINK] = this
      response.stream.on('finish', whenOver)
      limitQueue(response.stream, queueBytes)
    } else {
      response.on('finish', whenOver)
      // Node 22 does not close a response whose socket dies before it was given to it.
      if (!response.socket) this.#awaited = socketOf(response)
      this.#awaited?.on('close', (this.#onAwaited = () => this.settle()))
    }
  }

  /** True when nothing more will happen on the response. */
  get over(): boolean {
    return this.#state === 'over'
  }

  get open(): boolean {
    return this.#state === 'open'
  }

  write(bytes: WireBytes): boolean {
    if (this.#state !== 'open' || bytes.length === 0) return true
    const writer = this.#target()
    if (typeof bytes === 'string') this.#writeText(writer, bytes)
    else if (this.#frames) writer.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]))
    else writer.write(bytes)
    return writer.writableLength < this.#queueBytes
  }

  drained(): Promise<void> {
    if (this.#state !== 'open' || this.#writer.writableLength <= this.#queueBytes / 2) return Promise.resolve()
    if (this.#waiting) return this.#waiting.promise
    const { promise } = (this.#waiting = Promise.withResolvers<void>())
    this.#awaitFlush()
    return promise
  }

  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.resume()
    if (this.#frames) this.#writer.end('0\r\n\r\n', 'latin1')
    else this.#writer.end()
  }

  destroy(): void {
    if (this.#state === 'over') return
    this.#state = 'closing'
    this.resume()
    cut(this.#response, this.#frames)
  }

  /**
   * What is framed here goes straight to the socket: the response would only hold it until the end of the tick, with
   * that of every other response. The first write goes through it, because it carries the head.
   */
  #target(): Writer {
    if (!this.#frames) return this.#writer
    if (this.#headGone) return (this.#response as ServerResponse).socket ?? this.#writer
    this.#headGone = true
    return this.#writer
  }

  #writeText(writer: Writer, text: string): void {
    const length = Buffer.byteLength(text)
    const framed = this.#frames ? `${length.toString(16)}\r\n${text}\r\n` : text
    // Text without a letter beyond ASCII is the same in Latin-1, which node writes without looking at it twice.
    if (length === text.length) writer.write(framed, 'latin1')
    // Node up to 24 counts queued strings in UTF-16 units; our bound is in bytes.
    else writer.write(Buffer.from(framed))
  }

  /**
   * With HTTP/1.1 an empty write is reported when all before it has left. 'drain' is of no use there (it belongs to the
   * socket's bound, not to ours), and a callback on each write would be dropped by middleware that replaces `write`, such
   * as compression. With HTTP/2 an empty write must never be made: node (22 to 26) then frees the strings it was batched
   * with before they are sent, and sends whatever lies in their place. There the bound is ours, and so is 'drain'.
   */
  #awaitFlush(): void {
    const response = this.#response
    if ('stream' in response) {
      if (response.stream.writableNeedDrain) response.stream.once('drain', whenDrained)
      else this.resume()
      return
    }
    const prototype = Object.getPrototypeOf(response) as ServerResponse
    prototype.write.call(response, '', 'latin1', () => this.resume())
  }

  /** @internal */
  failed(): void {
    if (this.#state === 'open') this.destroy()
  }

  /** @internal */
  settle(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    const response = this.#response
    // A write that failed may be reported still: nobody is interested, and without a listener it would end the process.
    response.on('error', ignore).off('error', whenFailed).off('close', whenOver)
    if ('stream' in response) response.stream.off('finish', whenOver).off('drain', whenDrained)
    else response.off('finish', whenOver)
    if (this.#onAwaited) this.#awaited?.off('close', this.#onAwaited)
    this.resume()
    this.owner?.lost()
    this.#onOver()
  }

  /** @internal */
  resume(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}

/** Listeners are the same for every response, which is what they find their sink by: three fewer objects for each. */
const SINK = Symbol('sluice sink')

interface Sunk {
  [SINK]?: NodeSink
}

function whenOver(this: Sunk): void {
  this[SINK]?.settle()
}

function whenFailed(this: Sunk): void {
  this[SINK]?.failed()
}

function whenDrained(this: Sunk): void {
  this[SINK]?.resume()
}

/** Node has no other way to set the bound of one stream. Were this one gone, node's own bound of 64 KiB would hold. */
function limitQueue(stream: Http2ServerResponse['stream'], queueBytes: number): void {
  const { _writableState: state } = stream as { _writableState?: { highWaterMark: number } }
  if (state) state.highWaterMark = queueBytes
}

function ignore(): void {}
