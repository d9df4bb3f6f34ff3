import type { Principal, Sluice, Source, TokenStream } from '@sluice/core'
import { planTokens, type TokensOptions } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { unidentified } from './unidentified.ts'

/** Options of `reply.tokens`: those of `sluice.start` and of the answer. `as` is who `identify` says, if left out. */
export interface ReplyTokensOptions extends Omit<TokensOptions, 'as'> {
  as?: TokensOptions['as'] | undefined
}

/** What `reply.tokens` needs to know of its plugin. */
export interface ReplyTokensParts {
  sluice: Sluice
  mount: string
  identify: (request: FastifyRequest) => Principal | undefined | Promise<Principal | undefined>
}

/** Answers a route with a stream; resolves once the answer has begun. */
export async function replyTokens(
  { sluice, mount, identify }: ReplyTokensParts,
  reply: FastifyReply,
  source: Source,
  options: ReplyTokensOptions = {},
): Promise<TokenStream | undefined> {
  const { request } = reply
  const as = options.as ?? (await identify(request))
  const asked = toHttpRequest(request.raw, reply.raw, { mount })
  const { stream, ...plan } = as
    ? await planTokens(sluice, asked, source, { ...options, as })
    : { stream: undefined, ...unidentified() }
  takeOver(reply)
  // The route is answered with the opening; the rest of the stream is the socket's affair, and ends however that ends.
  sendPlan(reply.raw, plan).catch((error: unknown) => request.log.error(error))
  return stream
}

/** From here the response is written without Fastify; what was set on the reply so far is kept. */
export function takeOver(reply: FastifyReply): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  reply.hijack()
}
