import type { Source } from '@sluice/core'
import { type AnswerLimits, resolveAnswerLimits } from '../../backend/answer-limits.ts'
import { type BackendOptions, backendSource } from '../../backend/backend-source.ts'
import { requestText } from '../../backend/request-text.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { MessageEvents } from './message-events.ts'

/** Where a message comes from. `baseUrl` has the version in its path: `https://api.anthropic.com/v1`. */
export interface AnthropicSourceOptions extends AnswerLimits, BackendOptions {
  /** Sent as `x-api-key`. */
  apiKey?: string | undefined
  /**
   * Sent as `anthropic-version`.
   *
   * @defaultValue '2023-06-01'
   */
  version?: string | undefined
  /** The request. Members that sluice does not know go through as they are. A stream is asked for in any case. */
  body: JsonObject
  /**
   * The JSON text that `body` was parsed from, or its bytes in UTF-8: what is in `body` is sent as it was written here, digit for
   * digit.
   */
  bodyText?: string | Uint8Array | undefined
  /**
   * What is appended to `baseUrl`.
   *
   * @defaultValue '/messages'
   */
  path?: string | undefined
}

/**
 * A source that asks a backend which speaks Anthropic's messages. It is open once the backend's headers are there; what the
 * backend refuses before that is thrown with the backend's status, wish for a retry and error body. An answer is whole once
 * the backend has said why it stopped.
 *
 * Blocks that sluice does not model (calls of the provider's own tools, and their results) travel as `anthropic.message` data
 * events, which {@link anthropicMessages} writes back as they were; so do signatures and citations.
 *
 * Cancellation: when the context's signal aborts, or the iteration is left, the connection is closed at once.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 *
 * @example
 * ```ts
 * const body = { model: 'm', max_tokens: 1024, messages }
 * const source = anthropicSource({ baseUrl: 'https://api.anthropic.com/v1', apiKey: 'sk-…', body })
 * const stream = await sluice.start(source, { as })
 * ```
 */
export function anthropicSource(options: AnthropicSourceOptions): Source {
  const { apiKey, version = '2023-06-01', body, bodyText, path = '/messages' } = options
  const limits = resolveAnswerLimits(options)
  return backendSource(options, {
    limits,
    path,
    auth: { 'anthropic-version': version, ...(apiKey !== undefined && { 'x-api-key': apiKey }) },
    async ask(send, errors) {
      const response = await send(await requestText(body, bodyText, { stream: 'true' }), true)
      if (response.ok) return response
      throw await errors.refused(response)
    },
    reader: (errors) => new MessageEvents({ errors, ...limits }),
  })
}
