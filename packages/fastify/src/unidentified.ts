import { SluiceError } from '@sluice/core'
import { type BodyPlan, toErrorPlan, wireErrorOf } from '@sluice/http'

/** The answer to a stranger. */
export function unidentified(): BodyPlan {
  const message = 'Say who you are: the request carries no valid credentials.'
  return toErrorPlan(wireErrorOf(new SluiceError('SLUICE_ERR_UNAUTHORIZED', message)))
}
