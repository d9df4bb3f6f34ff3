import type { Source } from '@sluice/core'
import { type AnswerLimits, resolveAnswerLimits } from '../../backend/answer-limits.ts'
import { type BackendOptions, backendSource } from '../../backend/backend-source.ts'
import { requestText } from '../../backend/request-text.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { ResponseEvents } from './response-events.ts'

/** Where a response comes from. */
export interface OpenAiResponsesSourceOptions extends AnswerLimits, BackendOptions {
  /** Sent as `Authorization: Bearer …`. */
  apiKey?: string | undefined
  /**
   * The request. Members that sluice does not know go through as they are. A stream is asked for in any case, and never one in
   * the background: going on without a client is the stream's own business.
   */
  body: JsonObject
  /**
   * The JSON text that `body` was parsed from, or its bytes in UTF-8: what is in `body` is sent as it was written here, digit for
   * digit.
   */
  bodyText?: string | Uint8Array | undefined
  /**
   * What is appended to `baseUrl`.
   *
   * @defaultValue '/responses'
   */
  path?: string | undefined
}

/**
 * A source that asks a backend which speaks OpenAI's Responses. It is open once the backend's headers are there; what the
 * backend refuses before that is thrown with the backend's status, wish for a retry and error body. An answer is whole once
 * the backend has said `response.completed` or `response.incomplete`.
 *
 * Items that sluice does not model (calls of the provider's own tools) travel as `openai.response` data events, which
 * {@link openAiResponses} writes back as they were.
 *
 * Cancellation: when the context's signal aborts, or the iteration is left, the connection is closed at once.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 *
 * @example
 * ```ts
 * const body = { model: 'm', input: 'Hi' }
 * const source = openAiResponsesSource({ baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-…', body })
 * const stream = await sluice.start(source, { as })
 * ```
 */
export function openAiResponsesSource(options: OpenAiResponsesSourceOptions): Source {
  const { apiKey, body, bodyText, path = '/responses' } = options
  const limits = resolveAnswerLimits(options)
  return backendSource(options, {
    limits,
    path,
    auth: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    async ask(send, errors) {
      const text = await requestText(body, bodyText, { stream: 'true', background: undefined })
      const response = await send(text, true)
      if (response.ok) return response
      throw await errors.refused(response)
    },
    reader: (errors) => new ResponseEvents({ errors, ...limits }),
  })
}
