import { isSluiceError, type Principal, SluiceError, type Wire } from '@sluice/core'
import { type BodyPlan, type ErrorShape, toErrorPlan, wireErrorOf } from '@sluice/http'
import type { FastifyRequest } from 'fastify'

/** Says who sent a request; `undefined` for a stranger. */
export type IdentifyRequest = (request: FastifyRequest) => Principal | undefined | Promise<Principal | undefined>

/** Who asks, or the answer to somebody of whom that is not known. */
export async function identified(
  identify: IdentifyRequest,
  request: FastifyRequest,
  {
    wire,
    errors = wire?.name === 'openai.chat' ? 'openai' : 'problem',
  }: { wire?: Wire | undefined; errors?: ErrorShape | undefined },
): Promise<{ as: Principal } | { as: undefined; refusal: BodyPlan }> {
  try {
    const as = await identify(request)
    if (as) return { as }
    throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'Say who you are: the request carries no valid credentials.')
  } catch (error) {
    // What is meant for clients is told in their words; the rest is for the application's own error handler.
    if (isSluiceError(error)) return { as: undefined, refusal: toErrorPlan(wireErrorOf(error), errors) }
    throw error
  }
}
