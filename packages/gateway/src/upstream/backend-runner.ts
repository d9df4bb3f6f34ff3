import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

import type { Source } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'

import type { Backend } from './backend.ts'
import { keyForUpstream } from './backend-key.ts'
import { createChatFetch } from './chat-fetch.ts'
import { type Exchange, type FailureLog, noteAnswer } from './failure-log.ts'
import { toAnswerHeaders, toChatHeaders } from './headers.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { isHidden, SecretMask } from './secret-mask.ts'

/** A client's wish for an answer, whatever it came over. */
export interface RunnerRequest {
  /** Headers it came with. */
  readonly headers: IncomingHttpHeaders
  readonly authorization: string | undefined
  /** Text that the body was parsed from, or that in UTF-8. */
  readonly bodyText?: string | Uint8Array | undefined
  readonly requestId?: string | undefined
  /** Is given headers of the backend's answer, where the client can still be sent some. */
  readonly onAnswer?: ((headers: OutgoingHttpHeaders) => void) | undefined
}

/** Makes the source of what a client asks for. */
export type RunnerFor = (body: object, request: RunnerRequest) => Source

/** What asks the backend. */
export function createBackendRunner(
  options: GatewayOptions & { readonly upstream: string },
  { backend, failures }: { backend: Backend; failures: FailureLog },
): RunnerFor {
  return (body, { headers, authorization, bodyText, requestId, onAnswer }) => {
    const key = keyForUpstream(options, authorization)
    const exchange: Exchange = { requestId }
    const source = openAiChatSource({
      baseUrl: options.upstream,
      apiKey: key,
      headers: toChatHeaders(headers),
      body: body as Parameters<typeof openAiChatSource>[0]['body'],
      bodyText,
      maxChunkBytes: options.maxChunkBytes,
      maxCompletionBytes: options.maxCompletionBytes,
      fetch: createChatFetch(backend, options.upstreamKey, {
        answered(status, given) {
          noteAnswer(exchange, status, given)
          onAnswer?.(maskedHeaders(toAnswerHeaders(given), options.upstreamKey))
        },
        failed: (failure) => (exchange.failure ??= failure),
      }),
    })
    return (context) => {
      failures.begin(context.id, exchange)
      return source(context)
    }
  }
}

/** Headers in which the gateway's own key does not stand, whatever the backend wrote there. */
export function maskedHeaders(headers: OutgoingHttpHeaders, key: string | undefined): OutgoingHttpHeaders {
  if (!isHidden(key, 400)) return headers
  const mask = new SecretMask(key)
  const inValue = (value: string | string[] | number | undefined): string | string[] | number | undefined =>
    Array.isArray(value) ? value.map((one) => mask.inText(one)) : typeof value === 'string' ? mask.inText(value) : value
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, inValue(value)]))
}
