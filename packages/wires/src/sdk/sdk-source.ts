import { isSluiceError, type Json, type Source, type SourceContext } from '@sluice/core'
import type { AnswerItems, AnswerReader } from '../backend/answer-reader.ts'
import { BackendErrors } from '../backend/error/backend-error.ts'
import { isJsonObject, type JsonObject } from '../json/json-object.ts'

/** A stream of an official client: what it gives for `stream: true`. Its helpers have the same two things. */
export interface SdkStream<Item = unknown> extends AsyncIterable<Item> {
  readonly controller: AbortController
}

/**
 * A stream of an official client, or what asks for one. A function is called only where an answer is generated, and not where a
 * client joins one that is; its signal aborts when nobody needs the answer any more.
 */
export type SdkAsk<Item = unknown> =
  | SdkStream<Item>
  | PromiseLike<SdkStream<Item>>
  | ((signal: AbortSignal) => SdkStream<Item> | PromiseLike<SdkStream<Item>>)

/** A source over an official client's stream; `readerOf` makes the reader for what its first item is. */
export function sdkSource(ask: SdkAsk, readerOf: (first: JsonObject, errors: BackendErrors) => AnswerReader): Source {
  // The client has shown its key, and does not tell of it.
  const errors = new BackendErrors((text) => text)
  // Where the answer is another's, nobody else asks how this request went.
  if (isPromise(ask)) ask.then(undefined, () => {})
  return async (context) => {
    const { signal } = context
    try {
      const stream = await (typeof ask === 'function' ? ask(signal) : ask)
      return new SdkItems(stream, context, { errors, readerOf })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw await failureOf(error, errors)
    }
  }
}

interface SdkItemsParts {
  readonly errors: BackendErrors
  readonly readerOf: (first: JsonObject, errors: BackendErrors) => AnswerReader
}

/** The items of an official client's stream. One is asked for when the last has been taken: its socket waits as long. */
class SdkItems implements AsyncIterableIterator<AnswerItems, undefined, void> {
  readonly #iterator: AsyncIterator<unknown>
  readonly #controller: AbortController
  readonly #context: SourceContext
  readonly #parts: SdkItemsParts
  #reader: AnswerReader | undefined
  readonly #onAbort = (): void => this.#controller.abort()

  constructor(stream: SdkStream, context: SourceContext, parts: SdkItemsParts) {
    this.#iterator = stream[Symbol.asyncIterator]()
    this.#controller = stream.controller
    this.#context = context
    this.#parts = parts
    if (context.signal.aborted) this.#onAbort()
    else context.signal.addEventListener('abort', this.#onAbort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<AnswerItems, undefined>> {
    const { signal } = this.#context
    for (;;) {
      const items = await this.#pull()
      // A stream that was aborted ends as one that is complete.
      if (signal.aborted) throw signal.reason
      if (items === undefined) return { done: true, value: undefined }
      if (items.length > 0) return { done: false, value: items }
      this.#context.touch()
    }
  }

  async return(): Promise<IteratorResult<AnswerItems, undefined>> {
    this.#context.signal.removeEventListener('abort', this.#onAbort)
    this.#controller.abort()
    await this.#iterator.return?.()
    return { done: true, value: undefined }
  }

  async #pull(): Promise<AnswerItems | undefined> {
    const { errors, readerOf } = this.#parts
    try {
      const { done, value } = await this.#iterator.next()
      if (done) return this.#end()
      if (!isJsonObject(value)) throw errors.noObject(JSON.stringify(value) ?? '')
      this.#reader ??= readerOf(value, errors)
      if (!this.#reader.done) this.#reader.readValue(value)
      return this.#reader.takeItems()
    } catch (error) {
      throw await failureOf(error, errors)
    }
  }

  #end(): AnswerItems | undefined {
    this.#context.signal.removeEventListener('abort', this.#onAbort)
    if (this.#context.signal.aborted) return undefined
    if (!this.#reader) throw this.#parts.errors.noAnswer('', '')
    if (this.#reader.done) return undefined
    this.#reader.end()
    return this.#reader.takeItems()
  }
}

function isPromise(ask: SdkAsk): ask is PromiseLike<SdkStream> {
  return typeof (ask as Partial<PromiseLike<SdkStream>> | undefined)?.then === 'function'
}

/** What an official client throws, as any other failure of a backend: its status, its words, its wish for a retry. */
async function failureOf(cause: unknown, errors: BackendErrors): Promise<unknown> {
  if (isSluiceError(cause)) return cause
  const { status, error, headers, message } = (cause ?? {}) as {
    status?: unknown
    error?: unknown
    headers?: unknown
    message?: unknown
  }
  const said = isJsonObject(error) ? (isJsonObject(error.error) ? error.error : error) : undefined
  const body: Json = {
    error: { ...said, message: said?.message ?? (typeof message === 'string' ? message : 'unknown') },
  }
  if (typeof status === 'number' && status >= 400 && status < 600) {
    const given = headers instanceof Headers ? headers : undefined
    return errors.refused(new Response(JSON.stringify(body), { status, ...(given && { headers: given }) }))
  }
  return said ? errors.reported(body) : errors.broken(cause)
}
