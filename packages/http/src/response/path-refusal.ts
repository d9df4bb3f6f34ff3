import { type BodyPlan, withHeaders } from './plan.ts'
import { type ErrorFormat, toErrorPlan } from './problem.ts'

/** The answer where a path names nothing. */
export function notHerePlan(): BodyPlan {
  return toErrorPlan({ code: 'SLUICE_ERR_NOT_FOUND', message: 'There is nothing at this path.', status: 404 })
}

/** The answer to a method that a path does not take; `allow` as the header has it. */
export function notAllowedPlan(allow: string, shape?: ErrorFormat): BodyPlan {
  const message = `This path takes ${allow}.`
  return withHeaders(toErrorPlan({ code: 'SLUICE_ERR_REQUEST', message, status: 405 }, shape), { allow })
}
