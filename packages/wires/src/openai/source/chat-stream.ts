import { isSluiceError, SluiceError } from '@sluice/core'
import { createSseParser, type SseParser } from '@sluice/sse'
import type { ChatChunks, ChatItems } from './chunk/chat-chunks.ts'

/** Time a backend has for ending its body after `[DONE]`, so that the connection can be used again. */
const LINGER_MS = 1000

/**
 * The body of a streaming answer as items of a source: all of one piece of the body together. Unlike a generator it can
 * be left while a read is outstanding.
 */
export class ChatStream implements AsyncIterableIterator<ChatItems, undefined, void> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #chunks: ChatChunks
  readonly #signal: AbortSignal
  readonly #parser: SseParser
  readonly #onAbort = (): void => this.#cancel()
  #over = false
  #failure: { error: unknown } | undefined

  constructor(body: ReadableStream<Uint8Array>, chunks: ChatChunks, signal: AbortSignal) {
    this.#reader = body.getReader()
    this.#chunks = chunks
    this.#signal = signal
    this.#parser = createSseParser({ onEvent: ({ event, data }) => this.#chunks.read(event, data) })
    signal.addEventListener('abort', this.#onAbort)
    if (signal.aborted) this.#cancel()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<ChatItems, undefined>> {
    while (!this.#over) {
      const items = await this.#pull()
      if (items.length > 0) return { done: false, value: items }
    }
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw failure.error
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<ChatItems, undefined>> {
    this.#failure = undefined
    if (!this.#over) this.#cancel()
    return { done: true, value: undefined }
  }

  /** Reads one piece of the body. What came before a failure is given first. */
  async #pull(): Promise<ChatItems> {
    try {
      const { done, value } = await this.#reader.read()
      if (this.#over) return []
      if (done) throw new SluiceError('SLUICE_ERR_BACKEND', 'The backend ended its answer without [DONE].')
      this.#parser.push(value)
      if (this.#chunks.done) this.#linger()
    } catch (error) {
      if (!this.#over) this.#fail(error)
    }
    return this.#signal.aborted ? [] : this.#chunks.takeItems()
  }

  #fail(error: unknown): void {
    this.#cancel()
    this.#failure = { error: toBackendError(error) }
  }

  #cancel(): void {
    this.#settle()
    if (this.#signal.aborted) this.#failure = { error: this.#signal.reason }
    this.#reader.cancel().catch(() => {})
  }

  #settle(): void {
    this.#over = true
    this.#signal.removeEventListener('abort', this.#onAbort)
  }

  #linger(): void {
    this.#settle()
    const cancel = (): void => void this.#reader.cancel().catch(() => {})
    const timer = setTimeout(cancel, LINGER_MS)
    void this.#drain().finally(() => clearTimeout(timer))
  }

  async #drain(): Promise<void> {
    try {
      while (!(await this.#reader.read()).done);
    } catch {
      // The answer is complete: how its connection ends is of no interest.
    }
  }
}

function toBackendError(error: unknown): SluiceError {
  if (isSluiceError(error)) {
    if (error.code === 'SLUICE_ERR_BACKEND') return error
    return new SluiceError('SLUICE_ERR_BACKEND', 'The backend sent what is not an event stream.', { cause: error })
  }
  return new SluiceError('SLUICE_ERR_BACKEND', 'The connection to the backend broke in the middle of its answer.', {
    cause: error,
  })
}
