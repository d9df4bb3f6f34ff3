import type { ConnectionReading, Connection } from '@sluice/core/extend'

import type { ServerMessage } from '../message/server-message.ts'

/** What bounds a lane, and who is told. */
export interface ControlLaneParts {
  /** How a message is written; the empty text is not sent. */
  readonly write: (message: ServerMessage) => string
  /** Answers that may wait for a peer that does not read; whoever asks for more without reading is cut off. */
  readonly maxWaiting: number
  readonly onOverflow: () => void
  readonly onStalled: () => void
}

/**
 * What is said on a socket beside its streams: answers, refusals, goodbyes. Like a reading it writes nothing past a sink
 * that asked to wait (contract 7).
 */
export class ControlLane implements ConnectionReading {
  readonly #connection: Connection
  readonly #write: (message: ServerMessage) => string
  readonly #maxWaiting: number
  readonly #onOverflow: () => void
  readonly #onStalled: () => void
  #waiting: string[] = []

  constructor(connection: Connection, { write, maxWaiting, onOverflow, onStalled }: ControlLaneParts) {
    this.#connection = connection
    this.#write = write
    this.#maxWaiting = maxWaiting
    this.#onOverflow = onOverflow
    this.#onStalled = onStalled
    connection.carry(this)
  }

  say(message: ServerMessage): void {
    const text = this.#write(message)
    if (text === '') return
    if (this.#connection.state === 'open') this.#connection.write(text)
    else if (this.#connection.state !== 'waiting') return
    else if (this.#waiting.length >= this.#maxWaiting) this.#onOverflow()
    else this.#waiting.push(text)
  }

  /** Says what waits, and `message` last, as soon as the peer takes it; nothing after it. */
  part(message?: ServerMessage): void {
    const texts = this.#waiting.splice(0)
    const last = message ? this.#write(message) : ''
    if (last !== '') texts.push(last)
    if (texts.length > 0) this.#connection.part(this, texts.join('\n'))
    else this.#connection.drop(this)
  }

  writable(): void {
    while (this.#waiting.length > 0 && this.#connection.state === 'open') this.#connection.write(this.#waiting.shift()!)
  }

  stalled(): void {
    this.#onStalled()
  }

  detached(): void {
    this.#waiting.length = 0
  }

  failed(): void {}
}
