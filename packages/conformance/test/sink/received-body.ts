import { Buffer } from 'node:buffer'

import type { SinkClient } from '@sluice/conformance'

/** The body a client has received so far, and how it ended. */
export class ReceivedBody {
  readonly #over: PromiseWithResolvers<boolean> = Promise.withResolvers()
  #pieces: Uint8Array[] = []

  readonly received = (): Uint8Array => {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0] ?? new Uint8Array()
  }

  get endedCleanly(): SinkClient['endedCleanly'] {
    return this.#over.promise
  }

  readonly take = (piece: Uint8Array): void => void this.#pieces.push(piece)

  /** The first call decides. */
  readonly end = (cleanly: boolean): void => this.#over.resolve(cleanly)
}
