import type { Principal, Sluice, Source, TokenStream } from '@sluice/core'
import { type Identify, type MountOptions, planTokens, type TokensOptions } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import type { Request, Response } from 'express'

import { saveSession } from './save-session.ts'

/** Options of `response.tokens`: those of `sluice.start` and of the answer. `as` is who the router's `identify` says, if left out. */
export type ResponseTokensOptions = Omit<TokensOptions, 'identify'>

/** What `response.tokens` needs to know of its router. */
export interface ResponseTokensParts {
  sluice: Sluice
  identify: Identify<Request>
  /** Where the streams are mounted. */
  mounted: MountOptions
}

/** Answers a route with a stream; resolves once the answer has begun. */
export async function responseTokens(
  { sluice, identify, mounted }: ResponseTokensParts,
  response: Response,
  source: Source,
  options: ResponseTokensOptions = {},
): Promise<TokenStream | undefined> {
  const { req: request } = response
  let owner: Principal | null | undefined
  const asked = { ...toHttpRequest(request, response, mounted), raw: request }
  const { stream, ...plan } = await planTokens(sluice, asked, source, {
    ...options,
    identify: async (raw) => (owner = await identify(raw)),
  })
  if ('deliver' in plan) await saveSession(request, owner)
  // The route is answered with the opening; the rest is the socket's affair, and ends however that ends.
  sendPlan(response, plan).catch((error: unknown) => request.next?.(error))
  return stream
}
