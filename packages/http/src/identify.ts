import { type Principal, type Sluice, SluiceError } from '@sluice/core'

/** Says who sent a request; `undefined` for a stranger. */
export type Identify<Raw> = (raw: Raw) => Principal | undefined | Promise<Principal | undefined>

/** How long `identify` may take before the request fails. */
const IDENTIFY_MS = 5_000

/**
 * Who sent a request.
 *
 * @throws SluiceError `SLUICE_ERR_UNAUTHORIZED` for a stranger, `SLUICE_ERR_OVERLOADED` when that could not be found out
 */
export async function requirePrincipal<Raw>(sluice: Sluice, identify: Identify<Raw>, raw: Raw): Promise<Principal> {
  const answer = identify(raw)
  const principal = answer instanceof Promise ? await withDeadline(sluice, answer) : answer
  if (principal) return principal
  throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'Say who you are: the request carries no valid credentials.')
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
