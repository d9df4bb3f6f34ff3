import type { Sluice, Source, TokenStream } from '@sluice/core'
import { type Identify, type MountOptions, planTokens, type TokensOptions } from '@sluice/http'
import { toHttpRequest } from '@sluice/http/node'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { sendReply } from './send-reply.ts'

/** Options of `reply.tokens`: those of `sluice.start` and of the answer. `as` is who the plugin's `identify` says, if left out. */
export type ReplyTokensOptions = Omit<TokensOptions, 'identify'>

/** What `reply.tokens` needs to know of its plugin. */
export interface ReplyTokensParts {
  sluice: Sluice
  /** Where the streams are mounted. */
  mounted: MountOptions
  identify: Identify<FastifyRequest>
  /** Called when an answer is over, however it went. */
  responseOver: () => void
}

/** Answers a route with a stream; resolves once the answer has begun. */
export async function replyTokens(
  { sluice, mounted, identify, responseOver }: ReplyTokensParts,
  reply: FastifyReply,
  source: Source,
  options: ReplyTokensOptions = {},
): Promise<TokenStream | undefined> {
  const { request } = reply
  const asked = { ...toHttpRequest(request.raw, reply.raw, mounted), raw: request }
  const { stream, ...plan } = await planTokens(sluice, asked, source, { ...options, identify })
  const { begun, over } = sendReply(reply, plan)
  // The route is answered with the opening; the rest of the stream is the socket's affair, and ends however that ends.
  over.then(responseOver, (error: unknown) => request.log.error(error))
  return (await begun) ? stream : undefined
}
