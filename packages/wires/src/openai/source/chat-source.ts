import { SluiceError, type Source } from '@sluice/core'
import { readText, toResponseError } from './error/backend-error.ts'
import { ChatChunks } from './chunk/chat-chunks.ts'
import { type JsonObject, isJsonObject } from '../format/chat-extra.ts'
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
   * The request. Members that sluice does not know go through as they are; `stream` is always true, and usage is always
   * asked for, so that it is known to whoever settles the bill.
   */
  body: JsonObject
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
}

/** A backend that ignores `stream: true` answers in one piece. */
const MAX_COMPLETION_BYTES = 16 * 1024 * 1024

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
  const url = resolveUrl(options.baseUrl, path)
  const request = {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      // Compressed streams arrive in bursts.
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      ...lowerCased(headers),
    },
    body: JSON.stringify(toStreaming(body)),
  }
  return async ({ signal }) => {
    const response = await open(fetch, url, { ...request, signal })
    const chunks = new ChatChunks(body.model)
    if (!isJson(response)) return new ChatStream(response.body!, chunks, signal)
    chunks.readCompletion(await interruptible(readText(response, MAX_COMPLETION_BYTES), signal))
    return [chunks.takeItems()]
  }
}

async function open(fetch: typeof globalThis.fetch, url: string, init: RequestInit): Promise<Response> {
  const response = await interruptible(fetch(url, init), init.signal!)
  if (!response.ok) throw await toResponseError(response)
  if (response.body) return response
  throw new SluiceError('SLUICE_ERR_BACKEND', `The backend answered with status ${response.status} and no body.`)
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

function toStreaming(body: JsonObject): JsonObject {
  const options = isJsonObject(body.stream_options) ? body.stream_options : undefined
  return { ...body, stream: true, stream_options: { ...options, include_usage: true } }
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
