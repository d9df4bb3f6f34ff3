import { SluiceError, type Source } from '@sluice/core'
import { AdditionMemory } from './additions.ts'
import { askBackend } from './ask-backend.ts'
import { readText } from './backend-error.ts'
import { ChatChunks } from './chat-chunks.ts'
import type { JsonObject } from '../format/chat-extra.ts'
import { ChatRequest } from './chat-request.ts'
import { ChatStream } from './chat-stream.ts'

/** Where a chat completion comes from. */
export interface OpenAiChatSourceOptions {
  /** As the official client takes it, version included: `http://localhost:8000/v1`. */
  baseUrl: string
  /** Sent as `Authorization: Bearer …`. */
  apiKey?: string | undefined
  /** Further headers; they win over ours. */
  headers?: Readonly<Record<string, string>> | undefined
  /**
   * The request. Members that sluice does not know go through as they are. It asks for a stream, and for usage, so that it
   * is known to whoever settles the bill; where a backend refuses what the client had not asked for, it is asked again
   * without, and that is remembered for its model.
   */
  body: JsonObject
  /**
   * The JSON text that `body` was parsed from: what is in `body` is sent as it was written here, digit for digit, since
   * numbers such as `1e400` or 9007199254740993 do not survive parsing. Default: `body` is written anew.
   */
  bodyText?: string | undefined
  /**
   * What makes the request.
   *
   * @defaultValue the global `fetch`
   */
  fetch?: typeof globalThis.fetch | undefined
  /**
   * What is appended to `baseUrl`.
   *
   * @defaultValue '/chat/completions'
   */
  path?: string | undefined
  /**
   * Largest answer that comes in one piece, in bytes.
   *
   * @defaultValue 16777216
   */
  maxCompletionBytes?: number | undefined
}

/** A backend that ignores `stream: true`, or refuses it, answers in one piece. */
const DEFAULT_MAX_COMPLETION_BYTES = 16 * 1024 * 1024

/** What the backends that this process asks refuse of our additions. */
const additions = new AdditionMemory()

/**
 * A source that asks an OpenAI-compatible backend. It is open once the backend's headers are there; what the backend
 * refuses before that is thrown with the backend's status, wish for a retry and error body.
 *
 * Cancellation: when the context's signal aborts, or the iteration is left, the connection is closed at once.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 *
 * @example
 * ```ts
 * const source = openAiChatSource({ baseUrl: 'http://localhost:8000/v1', body: { model: 'm', messages } })
 * const stream = await sluice.start(source, { as })
 * ```
 */
export function openAiChatSource(options: OpenAiChatSourceOptions): Source {
  const { apiKey, headers, body, fetch = globalThis.fetch, path = '/chat/completions' } = options
  const { maxCompletionBytes = DEFAULT_MAX_COMPLETION_BYTES } = options
  const url = resolveUrl(options.baseUrl, path)
  const fixed = {
    // Compressed streams arrive in bursts.
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    ...lowerCased(headers),
  }
  const request = new ChatRequest(body, options.bodyText)
  return async ({ signal }) => {
    const send = (text: string, streams: boolean): Promise<Response> => {
      const accept = streams ? 'text/event-stream' : 'application/json'
      return fetch(url, { method: 'POST', headers: { accept, ...fixed }, body: text, signal })
    }
    const known = additions.of(url, body.model)
    const response = await interruptible(askBackend(request, known, send), signal)
    const chunks = new ChatChunks(body.model)
    if (!isJson(response)) return new ChatStream(bodyOf(response), chunks, signal)
    chunks.readCompletion(await interruptible(readText(response, maxCompletionBytes), signal))
    return [chunks.takeItems()]
  }
}

function bodyOf({ status, body }: Response): ReadableStream<Uint8Array> {
  if (body) return body
  throw new SluiceError('SLUICE_ERR_BACKEND', `The backend answered with status ${status} and no body.`)
}

/** An abort is told as its reason, everything else as the backend's failure. */
async function interruptible<Value>(task: Promise<Value>, signal: AbortSignal): Promise<Value> {
  try {
    return await task
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    if (cause instanceof SluiceError) throw cause
    throw new SluiceError('SLUICE_ERR_BACKEND', 'The backend could not be reached.', { cause })
  }
}

function isJson(response: Response): boolean {
  return /^application\/json\b/i.test(response.headers.get('content-type') ?? '')
}

function resolveUrl(baseUrl: string, path: string): string {
  const url = baseUrl.replace(/\/+$/, '') + path
  if (URL.canParse(url) && /^https?:/i.test(url)) return url
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    `The option baseUrl must be an http or https address such as "http://localhost:8000/v1" and is ${JSON.stringify(baseUrl)}.`,
  )
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
