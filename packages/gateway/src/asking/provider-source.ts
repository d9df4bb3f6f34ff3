import { isSluiceError, type Source } from '@sluice/core'
import { JsonObjectText } from '@sluice/core/extend'
import { anthropicSource } from '@sluice/wires/anthropic'
import { type JsonObject, openAiChatSource } from '@sluice/wires/openai'
import { openAiResponsesSource } from '@sluice/wires/openai-responses'

import { keyHeaders } from '../upstream/backend-key.ts'
import { type AskedFormat, toChatBody } from './chat-translation.ts'

export type { AskedFormat } from './chat-translation.ts'

/** What a client asks for. */
export interface ProviderRequest {
  readonly format: AskedFormat
  readonly body: JsonObject
  readonly bodyText: string | Uint8Array | undefined
  readonly backendIdOf: ((id: string) => Promise<string | undefined>) | undefined
}

/** The backend that is asked, as one client asks it. */
export interface ProviderBackend {
  readonly missing: MissingRoutes
  readonly baseUrl: string
  readonly key: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly limits: { readonly maxChunkBytes: number; readonly maxCompletionBytes: number }
  readonly fetch: typeof globalThis.fetch
}

/** How long a route counts as missing: a backend may be replaced by one that has it. */
const MISSING_FOR_MS = 3_600_000

/** Which formats a backend has no route for, as it has shown. */
export class MissingRoutes {
  readonly #sinceMs: Map<AskedFormat, number> = new Map()

  has(format: AskedFormat): boolean {
    const sinceMs = this.#sinceMs.get(format)
    return sinceMs !== undefined && performance.now() - sinceMs < MISSING_FOR_MS
  }

  note(format: AskedFormat): void {
    this.#sinceMs.set(format, performance.now())
  }
}

/**
 * The source of an answer, from a backend that has the route itself, else from its chat completions. Which it is, is found out
 * with the first request that there is, and remembered.
 */
export function providerSource(request: ProviderRequest, backend: ProviderBackend): Source {
  const { format } = request
  const { missing } = backend
  if (format === 'chat' || missing.has(format)) return chatSource(request, backend)
  return async (context) => {
    try {
      return await (
        await nativeSource(request, backend)
      )(context)
    } catch (error) {
      if (!saysRouteIsMissing(error)) throw error
      missing.note(format)
      return await chatSource(request, backend)(context)
    }
  }
}

function chatSource({ format, body, bodyText }: ProviderRequest, backend: ProviderBackend): Source {
  const { baseUrl, key: apiKey, headers, limits, fetch } = backend
  const isOwn = format === 'chat'
  const asked = toChatBody(body, format)
  return openAiChatSource({ baseUrl, apiKey, headers, ...limits, fetch, body: asked, ...(isOwn && { bodyText }) })
}

async function nativeSource(request: ProviderRequest, backend: ProviderBackend): Promise<Source> {
  const { baseUrl, key, limits, fetch } = backend
  if (request.format === 'messages') {
    const headers = { ...backend.headers, ...keyHeaders(key, 'anthropic', baseUrl) }
    return anthropicSource({ baseUrl, headers, ...limits, fetch, body: request.body, bodyText: request.bodyText })
  }
  const { headers } = backend
  return openAiResponsesSource({ baseUrl, apiKey: key, headers, ...limits, fetch, ...(await withBackendsIds(request)) })
}

/** A response that was started here goes by the backend's own id there. */
async function withBackendsIds({
  body,
  bodyText,
  backendIdOf,
}: ProviderRequest): Promise<Pick<ProviderRequest, 'body' | 'bodyText'>> {
  const { previous_response_id: ours } = body
  const own = typeof ours === 'string' ? await backendIdOf?.(ours) : undefined
  if (own === undefined) return { body, bodyText }
  const edits = { previous_response_id: JSON.stringify(own) }
  return {
    body: { ...body, previous_response_id: own },
    bodyText: bodyText === undefined ? undefined : (await JsonObjectText.read(bodyText)).edited(edits),
  }
}

/** A 404 for a model that is not there is an answer; one for the path is none. */
function saysRouteIsMissing(error: unknown): boolean {
  if (!isSluiceError(error) || error.code !== 'SLUICE_ERR_BACKEND') return false
  if (error.status === 405 || error.status === 501) return true
  return error.status === 404 && !/\bmodels?\b|previous_response/i.test(error.message)
}
