import type { ChatTransport, UIMessage } from 'ai'

import { cutError } from '../errors/client-error.ts'
import { attach } from '../stream/attach.ts'
import { type ClientHeaders, type ClientOptions, resolveUrl } from '../stream/client-options.ts'
import { start } from '../stream/start.ts'
import { chunksOf } from './chunks.ts'

/** Options of {@link SluiceChatTransport}: those of a client, and where the server has its streams. */
export interface SluiceChatTransportOptions extends Omit<ClientOptions, 'headers'> {
  /**
   * Where the server has its streams.
   * @defaultValue '/v1/streams'
   */
  streams?: string | URL | undefined
  /** Headers of every request. */
  headers?: ClientHeaders | undefined
}

type Headers = Parameters<ChatTransport<UIMessage>['sendMessages']>[0]['headers']

/**
 * `useChat` of the AI SDK on sluice's own streams: a lost connection is gone on with after its last event instead of replayed, a
 * page that is offline waits, and `stop()` stops the model, wherever it runs. The answer is that of the server's runner, which is
 * given what `useChat` posts: `id`, `messages`, `trigger`, `messageId`.
 *
 * A chat's stream has the key `chat:<chatId>`: with `resume: true` a page that is loaded again finds it while it runs.
 *
 * @example
 * ```ts
 * const transport = new SluiceChatTransport({ streams: '/v1/streams' })
 * ```
 */
export class SluiceChatTransport<Message extends UIMessage = UIMessage> implements ChatTransport<Message> {
  /** What is found again is told from its beginning, as the same message. */
  readonly resumeStreamIsReplay = true
  readonly #options: ClientOptions
  readonly #headers: ClientHeaders
  readonly #streams: string
  /** The chat that was looked for last. */
  #sought: { readonly chatId: string } | undefined

  /** @throws SluiceError `SLUICE_ERR_OPTION` */
  constructor({ streams = '/v1/streams', headers = {}, ...options }: SluiceChatTransportOptions = {}) {
    this.#options = options
    this.#headers = headers
    this.#streams = resolveUrl('streams', streams)
  }

  /** Starts the answer, in place of one of the same chat that runs. */
  readonly sendMessages: ChatTransport<Message>['sendMessages'] = (asked) => {
    const { chatId: id, messages, trigger, messageId, body, abortSignal } = asked
    const sluice = { key: keyOf(id), ifRunning: 'cancel', onDisconnect: 'continue' }
    const posted = { ...body, id, messages, trigger, messageId, sluice }
    const stream = start(this.#streams, posted, { ...this.#options, headers: this.#all(asked.headers) })
    return Promise.resolve(chunksOf(stream, abortSignal))
  }

  /** The answer that runs, or `null`. */
  readonly reconnectToStream: ChatTransport<Message>['reconnectToStream'] = async ({
    chatId,
    headers,
    abortSignal,
  }) => {
    const all = this.#all(headers)
    const stopped = this.#stopOf(chatId, abortSignal)
    const id = await this.#find(keyOf(chatId), all)
    // By its id it is there also when it has ended meanwhile.
    return id === undefined
      ? null
      : chunksOf(attach({ id }, { ...this.#options, streams: this.#streams, headers: all }), stopped)
  }

  /** Aborts where `abortSignal` does, unless that is because the chat is looked for once more, which is done in the same breath. */
  #stopOf(chatId: string, abortSignal: AbortSignal | undefined): AbortSignal {
    const sought = (this.#sought = { chatId })
    const stop = new AbortController()
    const isReplaced = (): boolean => this.#sought !== sought && this.#sought?.chatId === chatId
    const onAbort = (): void => queueMicrotask(() => isReplaced() || stop.abort())
    abortSignal?.addEventListener('abort', onAbort, { once: true })
    return stop.signal
  }

  /** The id of the stream that runs under `key`. @throws SluiceError where the server does not say */
  async #find(key: string, headers: ClientHeaders): Promise<string | undefined> {
    const { fetch = globalThis.fetch, credentials, authorize } = this.#options
    const url = `${this.#streams}?${new URLSearchParams({ key }).toString()}`
    const authority = await authorize?.()
    const init = {
      headers: { ...headers, ...authority, accept: 'application/json' },
      ...(credentials && { credentials }),
    }
    const response = await fetch(url, init)
    if (NOTHING.has(response.status)) return undefined
    if (!response.ok) throw cutError(`The server does not say what runs: status ${response.status}.`)
    const { id, status } = (await response.json()) as { id: string; status: string }
    return status === 'ended' ? undefined : id
  }

  #all(headers: Headers): Record<string, string> {
    return { ...this.#headers, ...Object.fromEntries(new globalThis.Headers(headers)) }
  }
}

/** Statuses of a chat of which nothing runs, or ever ran. */
const NOTHING: ReadonlySet<number> = new Set([204, 404, 410])

function keyOf(chatId: string): string {
  return `chat:${chatId}`
}
