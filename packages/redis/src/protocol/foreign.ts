import { isSluiceError, SluiceError } from '@sluice/core'

/** Why a store error is one that no further attempt mends. */
class ForeignRecord extends Error {}

/**
 * The error for what stands where sluice keeps something and is not what it would have written there: somebody else's, or of
 * a version that this one understands by half. Nothing is guessed from it. `what` names it, `rule` says what it breaks.
 */
export function foreign(what: string, rule: string): SluiceError {
  const message = `${what} in Redis is not as this version of sluice writes it: ${rule}. Give sluice a prefix of its own, and the same version everywhere.`
  return new SluiceError('SLUICE_ERR_STORE', message, { cause: new ForeignRecord(rule) })
}

/** Whether `error` says so: what is stored stays as it is, however often it is asked for. */
export function isForeign(error: unknown): boolean {
  return isSluiceError(error) && error.cause instanceof ForeignRecord
}
