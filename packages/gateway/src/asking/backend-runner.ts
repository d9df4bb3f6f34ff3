import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

import type { Source } from '@sluice/core'
import type { JsonObject } from '@sluice/wires/openai'

import type { Backend } from '../upstream/backend.ts'
import { keyForUpstream } from '../upstream/backend-key.ts'
import { createChatFetch } from '../upstream/chat-fetch.ts'
import { type Exchange, type FailureLog, noteAnswer } from '../upstream/failure-log.ts'
import { toAnswerHeaders, toChatHeaders } from '../upstream/headers.ts'
import { maskedHeaders } from '../upstream/masked-headers.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import type { AskedFormat } from './chat-translation.ts'
import { MissingRoutes } from './missing-route.ts'
import { providerSource } from './provider-source.ts'
import type { ItemsOf } from './stored-items.ts'

/** A client's wish for an answer, whatever it came over. */
export interface RunnerRequest {
  /** Headers it came with. */
  readonly headers: IncomingHttpHeaders
  readonly authorization: string | undefined
  /** Text that the body was parsed from, or that in UTF-8. */
  readonly bodyText?: string | Uint8Array | undefined
  readonly requestId?: string | undefined
  /** In whose format the body is. Default: a chat completion. */
  readonly format?: AskedFormat | undefined
  /** What the backend calls a response that was started here. */
  readonly backendIdOf?: ((id: string) => Promise<string | undefined>) | undefined
  /** Items of answers that were streamed here: a client may name them instead of repeating them. */
  readonly itemsOf?: ItemsOf | undefined
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
  const missing = new MissingRoutes()
  return (body, request) => {
    const { headers, authorization, bodyText, requestId, onAnswer, format = 'chat', backendIdOf, itemsOf } = request
    const key = keyForUpstream(options, authorization)
    const exchange: Exchange = { requestId }
    const source = providerSource(
      { format, body: body as JsonObject, bodyText, backendIdOf, itemsOf },
      {
        missing,
        baseUrl: options.upstream,
        key,
        headers: toChatHeaders(headers),
        limits: { maxChunkBytes: options.maxChunkBytes, maxCompletionBytes: options.maxCompletionBytes },
        fetch: createChatFetch(backend, options.upstreamKey, {
          answered(status, given) {
            noteAnswer(exchange, status, given)
            onAnswer?.(maskedHeaders(toAnswerHeaders(given), options.upstreamKey))
          },
          failed: (failure) => (exchange.failure ??= failure),
        }),
      },
    )
    return (context) => {
      failures.begin(context.id, exchange)
      return source(context)
    }
  }
}
