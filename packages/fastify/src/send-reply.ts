import type { Plan } from '@sluice/http'
import { type NodeResponse, sendPlan } from '@sluice/http/node'
import type { FastifyReply } from 'fastify'

import { whenEnded } from './when-ended.ts'

/** What becomes of an answer. */
export interface SentReply {
  /** Resolves when the answer has begun: to `true`, or to `false` where it is somebody else's. */
  readonly begun: Promise<boolean>
  /** Resolves when the response is over, however it went. */
  readonly over: Promise<void>
}

/**
 * Answers with a plan as Fastify would: the hooks of `onSend` run first, with no payload, and what they set goes out with the
 * head. Then the response is written without Fastify. Where a hook fails, or gives a payload of its own, the answer is that.
 */
export function sendReply(reply: FastifyReply, plan: Plan): SentReply {
  const { raw } = reply
  // It was answered for us, as `handlerTimeout` does, while it was found out with what: no event tells of it any more.
  if (isOver(raw)) return { begun: Promise.resolve(false), over: Promise.resolve() }
  const begun = Promise.withResolvers<boolean>()
  const over = Promise.withResolvers<void>()
  raw.once('close', () => {
    begun.resolve(false)
    over.resolve()
  })
  whenEnded(raw, () => {
    try {
      takeOver(reply)
      sendPlan(raw, plan).then(over.resolve, over.reject)
      begun.resolve(true)
    } catch (error) {
      // A header that cannot be: the handler is told.
      begun.reject(error)
    }
  })
  // Hooks look at it.
  const contentType = plan.headers['content-type']
  if (contentType !== undefined) void reply.type(contentType)
  reply.code(plan.status).send()
  return { begun: begun.promise, over: over.promise }
}

/** The types of Fastify know of HTTP/1.1 alone. */
function isOver(response: NodeResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed
}

/** From here the response is written without Fastify; what was set on the reply so far is kept. */
function takeOver(reply: FastifyReply): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    // It says that there is no body.
    if (value !== undefined && name !== 'content-length') reply.raw.setHeader(name, value)
  }
  reply.hijack()
}
