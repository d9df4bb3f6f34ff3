import type { Sluice, Source, TokenStream } from '@sluice/core'
import { type Identify, planTokens, type TokensOptions } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Options of `reply.tokens`: those of `sluice.start` and of the answer. `as` is who the plugin's `identify` says, if left out. */
export type ReplyTokensOptions = Omit<TokensOptions, 'identify'>

/** What `reply.tokens` needs to know of its plugin. */
export interface ReplyTokensParts {
  sluice: Sluice
  mount: string
  identify: Identify<FastifyRequest>
  /** Called when an answer is over, however it went. */
  responseOver: () => void
}

/** Answers a route with a stream; resolves once the answer has begun. */
export async function replyTokens(
  { sluice, mount, identify, responseOver }: ReplyTokensParts,
  reply: FastifyReply,
  source: Source,
  options: ReplyTokensOptions = {},
): Promise<TokenStream | undefined> {
  const { request } = reply
  const asked = { ...toHttpRequest(request.raw, reply.raw, { mount }), raw: request }
  const { stream, ...plan } = await planTokens(sluice, asked, source, { ...options, identify })
  takeOver(reply)
  // The route is answered with the opening; the rest of the stream is the socket's affair, and ends however that ends.
  sendPlan(reply.raw, plan).then(responseOver, (error: unknown) => request.log.error(error))
  return stream
}

/** From here the response is written without Fastify; what was set on the reply so far is kept. */
export function takeOver(reply: FastifyReply): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  reply.hijack()
}
