import { isSluiceError, type SluiceError } from '@sluice/core'
import { AnswerBody, type AnswerBodyParts } from './answer-body.ts'
import type { BackendErrors } from './error/backend-error.ts'
import type { AnswerItems, AnswerReader } from './answer-reader.ts'

/** Time a backend has for ending its body after `[DONE]`, so that the connection can be used again. */
const LINGER_MS = 1000

/** Silence after the finish of all choices, from which on neither `[DONE]` nor token counts are expected any more. */
const FINISHED_MS = 10_000

/** What the body of an answer is read with. */
export interface AnswerStreamParts {
  readonly reader: AnswerReader
  readonly errors: BackendErrors
  readonly limits: AnswerBodyParts['limits']
  readonly mediaType: string
  readonly signal: AbortSignal
  /** Called for bytes that bring nothing to be told: they show that the backend is still there. */
  readonly touch: () => void
  readonly failed: (error: SluiceError) => void
}

/**
 * The body of an answer as items of a source: all of one piece of the body together. Unlike a generator it can be left
 * while a read is outstanding.
 */
export class AnswerStream implements AsyncIterableIterator<AnswerItems, undefined, void> {
  readonly #bytes: ReadableStreamDefaultReader<Uint8Array>
  readonly #parts: AnswerStreamParts
  readonly #body: AnswerBody
  readonly #onAbort = (): void => this.#cancel()
  /** What was read ahead. */
  #first: AnswerItems | undefined
  #over = false
  #awaitedEnd: ReturnType<typeof setTimeout> | undefined
  #failure: { error: unknown } | undefined

  constructor(body: ReadableStream<Uint8Array>, parts: AnswerStreamParts) {
    this.#bytes = body.getReader()
    this.#parts = parts
    this.#body = new AnswerBody(parts)
    const { signal } = parts
    signal.addEventListener('abort', this.#onAbort)
    if (signal.aborted) this.#cancel()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Reads ahead until there is something to tell. Rejects when it is a failure. */
  async begin(): Promise<void> {
    const { done, value } = await this.next()
    if (!done) this.#first = value
  }

  async next(): Promise<IteratorResult<AnswerItems, undefined>> {
    const first = this.#first
    this.#first = undefined
    if (first) return { done: false, value: first }
    while (!this.#over) {
      const items = await this.#pull()
      if (items.length > 0) return { done: false, value: items }
      if (!this.#over) this.#parts.touch()
    }
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw failure.error
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<AnswerItems, undefined>> {
    this.#failure = undefined
    if (!this.#over) this.#cancel()
    return { done: true, value: undefined }
  }

  /** Reads one piece of the body. What came before a failure is given first. */
  async #pull(): Promise<AnswerItems> {
    const { reader, signal } = this.#parts
    try {
      const { done, value } = await this.#bytes.read()
      clearTimeout(this.#awaitedEnd)
      if (this.#over) return this.#failure ? [] : reader.takeItems()
      if (done) {
        this.#body.end()
        this.#settle()
      } else {
        this.#body.push(value)
        if (reader.done) this.#linger()
        else if (reader.finished) this.#awaitedEnd = setTimeout(() => this.#endUnasked(), FINISHED_MS)
      }
    } catch (error) {
      if (!this.#over) this.#fail(error)
    }
    return signal.aborted ? [] : reader.takeItems()
  }

  /** Some backends neither say `[DONE]` nor end their body: what they had to say is whole all the same. */
  #endUnasked(): void {
    try {
      this.#body.end()
      this.#cancel()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(cause: unknown): void {
    const error = isSluiceError(cause) ? cause : this.#parts.errors.broken(cause)
    this.#cancel()
    this.#failure = { error }
    this.#parts.failed(error)
  }

  #cancel(): void {
    this.#settle()
    if (this.#parts.signal.aborted) this.#failure = { error: this.#parts.signal.reason }
    this.#bytes.cancel().catch(() => {})
  }

  #settle(): void {
    this.#over = true
    clearTimeout(this.#awaitedEnd)
    this.#parts.signal.removeEventListener('abort', this.#onAbort)
  }

  #linger(): void {
    this.#settle()
    const cancel = (): void => void this.#bytes.cancel().catch(() => {})
    const timer = setTimeout(cancel, LINGER_MS)
    void this.#drain().finally(() => clearTimeout(timer))
  }

  async #drain(): Promise<void> {
    try {
      while (!(await this.#bytes.read()).done);
    } catch {
      // The answer is complete: how its connection ends is of no interest.
    }
  }
}
