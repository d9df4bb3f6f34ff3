import { type Principal, type Sluice, SluiceError } from '@sluice/core'

/** Says who made a call, by its metadata; `undefined` for a stranger. */
export type IdentifyCall = (headers: Headers) => Principal | undefined | Promise<Principal | undefined>

/** How long `identify` may take before the call fails. */
const IDENTIFY_MS = 5_000

/**
 * Who made a call.
 *
 * @throws SluiceError `SLUICE_ERR_UNAUTHORIZED` for a stranger, `SLUICE_ERR_OVERLOADED` when that could not be found out
 */
export async function requireCaller(sluice: Sluice, identify: IdentifyCall, headers: Headers): Promise<Principal> {
  const answer = identify(headers)
  const principal = answer instanceof Promise ? await withDeadline(sluice, answer) : answer
  if (principal) return principal
  throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'Say who you are: the call carries no valid credentials.')
}

function withDeadline(sluice: Sluice, answer: Promise<Principal | undefined>): Promise<Principal | undefined> {
  return new Promise((resolve, reject) => {
    const callOff = sluice.after(IDENTIFY_MS, () => {
      const message = 'It could not be found out in time who you are; try again later.'
      reject(new SluiceError('SLUICE_ERR_OVERLOADED', message, { retryAfterMs: 1_000 }))
    })
    answer.then(resolve, reject).finally(callOff)
  })
}
