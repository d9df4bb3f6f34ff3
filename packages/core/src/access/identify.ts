import type { Scheduler } from '../clock/scheduler.ts'
import { withinTime } from '../clock/within-time.ts'
import { SluiceError } from '../events/errors.ts'
import { hasExpired, type Principal } from './principal.ts'

/** What `identify` answers: a principal, or nothing for a stranger; at once, or within 5 seconds. */
export type Identified = Principal | undefined | null | Promise<Principal | undefined | null>

/** How long finding out who asks may take. */
const IDENTIFY_MS = 5_000

/**
 * For adapters: who `answer` says is asking; `undefined` for a stranger. `option` names what gave the answer.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` for an answer that is neither a principal nor nothing: whoever sent the request
 * is not to blame for it, and is neither a stranger nor the application itself. `SLUICE_ERR_OVERLOADED` when there is no
 * answer within 5 s on the scheduler's clock
 */
export async function identifiedPrincipal(
  scheduler: Scheduler,
  answer: Identified,
  option = 'identify',
): Promise<Principal | undefined> {
  const given: unknown = isThenable(answer)
    ? await withinTime(scheduler, answer, { ms: IDENTIFY_MS, tooLate: notIdentifiedInTime })
    : answer
  if (given === undefined || given === null) return undefined
  const fault = faultOf(given)
  if (fault === undefined) return given as Principal
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    `The option "${option}" gave ${fault}; it must give a principal, { owner, tenant?, expiresAtMs? }, whose owner is ` +
      'a text that is not empty, or undefined for a stranger.',
  )
}

/**
 * For adapters: who asks.
 *
 * @throws SluiceError `SLUICE_ERR_UNAUTHORIZED` for a stranger, and for somebody of whom that is known no more; the others
 * as {@link identifiedPrincipal} does
 * @example
 * ```ts
 * const principal = await requirePrincipal(sluice.scheduler, { owner: userOf(request) })
 * ```
 */
export async function requirePrincipal(
  scheduler: Scheduler,
  answer: Identified,
  option = 'identify',
): Promise<Principal> {
  const principal = await identifiedPrincipal(scheduler, answer, option)
  if (!principal) {
    throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'Say who you are: the request carries no valid credentials.')
  }
  if (!hasExpired(principal)) return principal
  throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'What you showed of who you are has expired; show it anew.')
}

/** What is wrong with a principal, without its content, which may be a secret; `undefined`: nothing. */
function faultOf(given: unknown): string | undefined {
  if (Array.isArray(given)) return 'an array'
  if (typeof given !== 'object' || given === null) return `a ${typeof given}`
  const { owner, tenant, expiresAtMs } = given as { [Name in keyof Principal]?: unknown }
  if (typeof owner !== 'string') return `an object whose owner is ${kindOf(owner)}`
  if (owner === '') return 'an object whose owner is empty'
  if (tenant !== undefined && typeof tenant !== 'string') return `an object whose tenant is ${kindOf(tenant)}`
  // Written as UTF-8, halves of surrogate pairs are all alike: two owners would be one.
  if (!owner.isWellFormed()) return 'an object whose owner has half a surrogate pair'
  if (tenant !== undefined && !tenant.isWellFormed()) return 'an object whose tenant has half a surrogate pair'
  if (expiresAtMs === undefined || Number.isFinite(expiresAtMs)) return undefined
  return 'an object whose expiresAtMs is no number of milliseconds since 1970'
}

function kindOf(value: unknown): string {
  return value === undefined ? 'missing' : value === null ? 'null' : `a ${typeof value}`
}

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return typeof answer === 'object' && answer !== null && typeof (answer as { then?: unknown }).then === 'function'
}

function notIdentifiedInTime(): SluiceError {
  const message = 'It could not be found out in time who you are; try again later.'
  return new SluiceError('SLUICE_ERR_OVERLOADED', message, { retryAfterMs: 1_000 })
}
