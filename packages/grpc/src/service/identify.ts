import { identifiedInTime, type Principal, type Sluice, SluiceError } from '@sluice/core'

/** Says who made a call, by its metadata; `undefined` for a stranger. */
export type IdentifyCall = (headers: Headers) => Principal | undefined | Promise<Principal | undefined>

/**
 * Who made a call.
 *
 * @throws SluiceError `SLUICE_ERR_UNAUTHORIZED` for a stranger, `SLUICE_ERR_OVERLOADED` when that could not be found out
 */
export async function requireCaller(sluice: Sluice, identify: IdentifyCall, headers: Headers): Promise<Principal> {
  const answer = identify(headers)
  const principal = answer instanceof Promise ? await identifiedInTime(sluice, answer) : answer
  if (principal) return principal
  throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'Say who you are: the call carries no valid credentials.')
}
