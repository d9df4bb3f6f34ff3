import type { DecodedWire } from './decoded-wire.ts'
import type { DecodedMessage, SseDecoder, SseDecoding } from '../rig/decoder.ts'

/** An application behind a decoder: gathers the text, and what it was told of the end. */
export class Application {
  text = ''
  readonly over: ('complete' | 'cut')[] = []
  readonly #decoding: SseDecoding
  readonly #wire: DecodedWire

  constructor(decoder: SseDecoder, wire: DecodedWire) {
    this.#decoding = decoder.begin()
    this.#wire = wire
  }

  get lastEventId(): string {
    return this.#decoding.lastEventId
  }

  push(piece: Uint8Array): void {
    this.#take(this.#decoding.push(piece))
  }

  /** The body has ended. */
  end(): void {
    this.#take(this.#decoding.end())
  }

  #take(messages: readonly DecodedMessage[]): void {
    for (const message of messages) {
      const heard = this.#wire.hear(message)
      this.text += heard?.text ?? ''
      if (heard?.over) this.over.push(heard.over)
      else if (this.over.length > 0) throw new Error(`after its end came ${JSON.stringify(message)}`)
    }
  }
}

/** An application that has read a whole body in these pieces. */
export function readBody(decoder: SseDecoder, wire: DecodedWire, pieces: readonly Uint8Array[]): Application {
  const application = new Application(decoder, wire)
  for (const piece of pieces) application.push(piece)
  application.end()
  return application
}
