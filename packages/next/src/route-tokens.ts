import type { Sluice, Source } from '@sluice/core'
import {
  type FetchRequestOptions,
  type Identify,
  planToResponse,
  planTokens,
  toHttpRequest,
  type TokensOptions,
} from '@sluice/http'
import type { NextRequest } from 'next/server.js'

/** Options of `tokens`: those of `sluice.start` and of the answer. `as` is who `identify` says, if left out. */
export type RouteTokensOptions = Omit<TokensOptions, 'identify'>

/** What `tokens` needs to know of its handlers. */
export interface RouteTokensParts {
  sluice: Sluice
  identify: Identify<NextRequest>
  /** How a request is read. */
  asked: FetchRequestOptions
}

/** Answers a route with a stream. */
export async function routeTokens(
  { sluice, identify, asked }: RouteTokensParts,
  request: NextRequest,
  source: Source,
  options: RouteTokensOptions = {},
): Promise<Response> {
  const read = { ...toHttpRequest(request, asked), raw: request }
  const { stream: _, ...plan } = await planTokens(sluice, read, source, { ...options, identify })
  return planToResponse(plan)
}
