import { identifiedInTime, type Principal, type Sluice, SluiceError } from '@sluice/core'

/** Says who sent a request; `undefined` for a stranger. */
export type Identify<Raw> = (raw: Raw) => Principal | undefined | Promise<Principal | undefined>

/**
 * Who sent a request.
 *
 * @throws SluiceError `SLUICE_ERR_UNAUTHORIZED` for a stranger, `SLUICE_ERR_OVERLOADED` when that could not be found out
 */
export async function requirePrincipal<Raw>(sluice: Sluice, identify: Identify<Raw>, raw: Raw): Promise<Principal> {
  const answer = identify(raw)
  const principal = answer instanceof Promise ? await identifiedInTime(sluice, answer) : answer
  if (principal) return principal
  throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'Say who you are: the request carries no valid credentials.')
}
