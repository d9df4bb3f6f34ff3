import type { Source } from '@sluice/core'
import { AdditionMemory } from './additions.ts'
import { askBackend } from './ask-backend.ts'
import { type BackendOptions, backendSource } from '../../backend/backend-source.ts'
import { ChatChunks } from './chunk/chat-chunks.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { resolveAnswerLimits } from '../../backend/answer-limits.ts'
import type { OpenAiChatLimits } from './chat-limits.ts'
import { ChatRequest } from './chat-request.ts'

/** Where a chat completion comes from. */
export interface OpenAiChatSourceOptions extends OpenAiChatLimits, BackendOptions {
  /** Sent as `Authorization: Bearer …`. */
  apiKey?: string | undefined
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
   * What is appended to `baseUrl`.
   *
   * @defaultValue '/chat/completions'
   */
  path?: string | undefined
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
  const { apiKey, body, path = '/chat/completions' } = options
  const limits = resolveAnswerLimits(options)
  return backendSource(options, {
    limits,
    path,
    auth: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    async ask(send, errors, url) {
      const request = await ChatRequest.read(body, options.bodyText)
      return askBackend(request, { known: additions.of(url, body.model), send, errors })
    },
    reader: (errors) => new ChatChunks({ model: body.model, choices: choicesOf(body), ...limits, errors }),
  })
}

function choicesOf({ n }: JsonObject): number {
  return typeof n === 'number' && n > 1 ? n : 1
}
