import { isSluiceError, SluiceError, type Source } from '@sluice/core'
import { AdditionMemory } from './additions.ts'
import { askBackend } from './ask-backend.ts'
import { BackendErrors } from './error/backend-error.ts'
import { ChatChunks } from './chunk/chat-chunks.ts'
import type { JsonObject } from '../format/chat-extra.ts'
import { type OpenAiChatLimits, resolveChatLimits } from './chat-limits.ts'
import { ChatRequest } from './chat-request.ts'
import { ChatStream, type ChatStreamParts } from './chat-stream.ts'
import { createRedact } from './error/redact.ts'

/** Where a chat completion comes from. */
export interface OpenAiChatSourceOptions extends OpenAiChatLimits {
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
   * numbers such as `1e400` or 9007199254740993 do not survive parsing. Where it may be long, its bytes in UTF-8: `fetch` is
   * given bytes then, and no step of the event loop takes more than a mebibyte of it. Default: `body` is written anew.
   */
  bodyText?: string | Uint8Array | undefined
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
   * Receives each failure of the backend, with its `cause`, which no client is shown: for a log. `stream` is the stream's
   * id. What it throws changes nothing.
   */
  onFailure?: ((error: SluiceError, stream: string) => void) | undefined
}

/** What the backends that this process asks refuse of our additions. */
const additions = new AdditionMemory()

/**
 * A source that asks an OpenAI-compatible backend. It is open once the backend's headers are there; what the backend
 * refuses before that is thrown with the backend's status, wish for a retry and error body. An answer is whole once
 * the backend has said `[DONE]`, or has finished every choice that it began and ended its body.
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
  const { apiKey, headers, body, fetch = globalThis.fetch, path = '/chat/completions', onFailure } = options
  const url = resolveUrl(options.baseUrl, path)
  const limits = resolveChatLimits(options)
  const fixed = {
    // Compressed streams arrive in bursts.
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    ...lowerCased(headers),
  }
  const errors = new BackendErrors(createRedact(fixed))
  return async (context) => {
    const { id, signal } = context
    const failed = (error: SluiceError): void => report(onFailure, error, id)
    const send = (text: string | Uint8Array<ArrayBuffer>, streams: boolean): Promise<Response> => {
      const accept = streams ? 'text/event-stream' : 'application/json'
      return fetch(url, { method: 'POST', headers: { accept, ...fixed }, body: text, signal })
    }
    const request = await ChatRequest.read(body, options.bodyText)
    const known = additions.of(url, body.model)
    const response = await open(() => askBackend(request, { known, send, errors }), { signal, errors, failed })
    const chunks = new ChatChunks({ model: body.model, choices: choicesOf(body), ...limits, errors })
    const mediaType = response.headers.get('content-type') ?? ''
    const touch = (): void => context.touch()
    const stream = new ChatStream(response.body!, { chunks, errors, limits, mediaType, signal, touch, failed })
    // Whatever does not call itself an event stream may be a failure: until that is known, nothing is open.
    if (!/^text\/event-stream\b/i.test(mediaType)) await stream.begin()
    return stream
  }
}

async function open(
  ask: () => Promise<Response>,
  { signal, errors, failed }: Pick<ChatStreamParts, 'signal' | 'errors' | 'failed'>,
): Promise<Response> {
  try {
    const response = await ask()
    if (response.body) return response
    throw errors.noBody(response.status)
  } catch (cause) {
    // An abort is told as its reason, everything else as the backend's failure.
    if (signal.aborted) throw signal.reason
    const error = isSluiceError(cause) ? cause : errors.unreachable(cause)
    failed(error)
    throw error
  }
}

function report(onFailure: OpenAiChatSourceOptions['onFailure'], error: SluiceError, stream: string): void {
  try {
    onFailure?.(error, stream)
  } catch {
    // Whoever observes a failure must not become another.
  }
}

function choicesOf({ n }: JsonObject): number {
  return typeof n === 'number' && n > 1 ? n : 1
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
