import type { Source } from '@sluice/core'
import { JsonObjectText } from '@sluice/core/extend'
import { anthropicSource } from '@sluice/wires/anthropic'
import { openAiChatSource } from '@sluice/wires/openai'
import { openAiResponsesSource } from '@sluice/wires/openai-responses'

import { keyHeaders } from '../upstream/backend-key.ts'
import { askedAsChat, type FormattedRequest } from './chat-translation.ts'
import { judgeRoute, type MissingRoutes } from './missing-route.ts'

/** What a client asks for. */
export interface ProviderRequest extends FormattedRequest {
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
      const verdict = judgeRoute(error, request.body)
      if (verdict === 'there') throw error
      if (verdict === 'missing') missing.note(format)
      return await chatSource(request, backend)(context)
    }
  }
}

function chatSource(request: ProviderRequest, backend: ProviderBackend): Source {
  const { baseUrl, key: apiKey, headers, limits, fetch } = backend
  return askedAsChat(request, (chat) => openAiChatSource({ baseUrl, apiKey, headers, ...limits, fetch, ...chat }))
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
