import { isSluiceError, type Principal, requirePrincipal, type Sluice, type Wire } from '@sluice/core'
import { type BodyPlan, type ErrorFormat, type Identify, toErrorPlan, wireErrorOf } from '@sluice/http'
import type { FastifyRequest } from 'fastify'

/** Who asks, or the answer to somebody of whom that is not known. */
export async function identified(
  { sluice, identify }: { sluice: Sluice; identify: Identify<FastifyRequest> },
  request: FastifyRequest,
  {
    wire,
    errors = wire?.name === 'openai.chat' ? 'openai' : 'problem',
  }: { wire?: Wire | undefined; errors?: ErrorFormat | undefined },
): Promise<{ as: Principal } | { as: undefined; refusal: BodyPlan }> {
  try {
    return { as: await requirePrincipal(sluice.scheduler, identify(request)) }
  } catch (error) {
    // What is meant for clients is told in their words; the rest is for the application's own error handler.
    if (isSluiceError(error)) return { as: undefined, refusal: toErrorPlan(wireErrorOf(error), errors) }
    throw error
  }
}
