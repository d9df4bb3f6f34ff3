import type { WireError } from '@sluice/core'
import { SSE_HEADERS } from '@sluice/sse'

import { answerAttach } from './attach-answer.ts'
import type { BodyPlan } from '../response/plan.ts'
import { type ErrorFormat, retryAfterOf, statusOf, toErrorPlan } from '../response/problem.ts'

/** How a client is told that it does not get what it asked for. */
export interface ErrorStyle {
  shape: ErrorFormat
  /** True where the client may be an `EventSource` that must not give up for what is temporary. */
  forgiving: boolean
}

/** The answer to a request that failed. */
export function toRefusalPlan(error: WireError, { shape, forgiving }: ErrorStyle): BodyPlan {
  const { retryAfterMs } = error
  const answer = answerAttach({ error: { status: statusOf(error), retryAfterMs } }, forgiving)
  if (answer.is !== 'later') return toErrorPlan(error, shape)
  return {
    status: answer.status,
    headers: { ...SSE_HEADERS, ...retryAfterOf({ ...error, retryAfterMs: answer.retryMs }) },
    // A wait and no event: the client comes back by itself, with the cursor it has.
    body: `retry: ${answer.retryMs}\n\n`,
  }
}
