import type { Duplex } from 'node:stream'

import type { Sink, WireBytes } from '@sluice/core/extend'
import type { WebSocket } from 'ws'

import { textFrame } from '../message/text-frame.ts'

/** How a socket is closed. */
export interface CloseReason {
  code: number
  reason: string
}

/**
 * Makes text frames of messages and writes them to the socket, all of one turn of the event loop in one go. What `ws` sends
 * itself (pings, pongs, the close) goes to the same socket, between whole frames.
 */
export class SocketSink implements Sink {
  /** What a close says. */
  closing: CloseReason = { code: 1000, reason: '' }
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #queueBytes: number
  #corked = false
  #over = false
  #waiting: PromiseWithResolvers<void> | undefined
  readonly #uncork = (): void => {
    this.#corked = false
    this.#socket.uncork()
  }
  readonly #flushed = (): void => this.#resume()

  constructor(ws: WebSocket, socket: Duplex, queueBytes: number) {
    this.#ws = ws
    this.#socket = socket
    this.#queueBytes = queueBytes
    ws.on('close', () => {
      this.#over = true
      this.#resume()
    })
  }

  /** Takes messages, separated by line feeds. */
  write(bytes: WireBytes): boolean {
    if (bytes.length === 0 || this.#ws.readyState !== OPEN) return true
    const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(this.#uncork)
    }
    if (text.includes('\n')) for (const message of text.split('\n')) this.#send(message)
    else this.#send(text)
    return this.#socket.writableLength < this.#queueBytes
  }

  drained(): Promise<void> {
    if (this.#over || this.#socket.writableLength < this.#queueBytes) return Promise.resolve()
    this.#waiting ??= Promise.withResolvers<void>()
    return this.#waiting.promise
  }

  close(): void {
    const { code, reason } = this.closing
    this.#ws.close(code, reason)
    this.#resume()
  }

  destroy(): void {
    this.#ws.terminate()
    this.#resume()
  }

  #send(message: string): void {
    const frame = textFrame(message)
    const socket = this.#socket
    // Only who may have to wait asks to be told: a callback for each write is not free.
    const told = socket.writableLength + frame.length < this.#queueBytes ? undefined : this.#flushed
    if (typeof frame === 'string') socket.write(frame, 'latin1', told)
    else socket.write(frame, told)
  }

  #resume(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}

const OPEN = 1
