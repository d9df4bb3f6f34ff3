import { toResponse } from '@sluice/sse'

import type { Plan } from './plan.ts'

/**
 * Carries out a plan as a fetch `Response`.
 *
 * Cancellation: cancelling the body of a stream is a detach.
 *
 * @example
 * ```ts
 * const { handle } = createStreamResource({ sluice, identify })
 * const serve = async (request: Request) => planToResponse(await handle(toHttpRequest(request, { mount: '/v1' })))
 * ```
 */
export function planToResponse(plan: Plan): Response {
  if ('deliver' in plan) return toResponse(plan)
  return new Response(plan.body ?? null, { status: plan.status, headers: plan.headers })
}
