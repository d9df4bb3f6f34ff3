import type { Readable } from 'node:stream'

import type { SecretMask } from './secret-mask.ts'

/** What a stream of tokens is read from: the part of a fetch body that its reader uses. */
export interface BodyReader {
  read(): Promise<{ done: boolean; value: Uint8Array | undefined }>
  cancel(): Promise<void>
}

/** Bytes that may wait for their reader. */
const MAX_WAITING_BYTES = 64 * 1024

/** How a body is read. */
export interface BodyReaderOptions {
  readonly mask?: SecretMask | undefined
  /** Is told why there is no more of the body. */
  readonly onFailure?: ((error: Error) => void) | undefined
}

/** Reads a Node stream: of a token's cost in the gateway, web streams are a large part. */
export class NodeBodyReader implements BodyReader {
  readonly #answer: Readable
  readonly #mask: SecretMask | undefined
  readonly #onFailure: ((error: Error) => void) | undefined
  #chunks: Uint8Array[] = []
  #bytes = 0
  #over: { error: Error | undefined } | undefined
  #wake: (() => void) | undefined

  constructor(answer: Readable, { mask, onFailure }: BodyReaderOptions = {}) {
    this.#answer = answer
    this.#mask = mask
    this.#onFailure = onFailure
    answer.on('data', (chunk: Uint8Array) => this.#take(chunk))
    answer.on('end', () => this.#end(undefined))
    answer.on('error', (error) => this.#end(error))
    answer.on('close', () => this.#end(new Error('The connection was closed before the end')))
  }

  async read(): Promise<{ done: boolean; value: Uint8Array | undefined }> {
    if (this.#chunks.length === 0 && !this.#over) await new Promise<void>((resolve) => (this.#wake = resolve))
    const value = this.#chunks.shift()
    if (value) {
      this.#bytes -= value.length
      if (this.#bytes < MAX_WAITING_BYTES && this.#answer.isPaused()) this.#answer.resume()
      return { done: false, value }
    }
    if (this.#over?.error) throw this.#over.error
    return { done: true, value: undefined }
  }

  async cancel(): Promise<void> {
    // Left on purpose: what the connection says of that is no failure.
    this.#end(undefined)
    this.#answer.destroy()
  }

  #take(piece: Uint8Array): void {
    const chunk = this.#mask ? this.#mask.push(piece) : piece
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= MAX_WAITING_BYTES) this.#answer.pause()
    this.#wakeUp()
  }

  #end(error: Error | undefined): void {
    if (this.#over) return
    const rest = this.#mask?.flush()
    if (rest && rest.length > 0) this.#chunks.push(rest)
    this.#over = { error }
    if (error) this.#onFailure?.(error)
    this.#wakeUp()
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
