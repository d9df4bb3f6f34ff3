import { SluiceError } from '@sluice/core'

/** The error of what Redis did not do, or whose answer is not known. Clients read the reason; the cause is the operator's. */
export function storeError(reason: string, cause?: unknown): SluiceError {
  return new SluiceError('SLUICE_ERR_STORE', `Redis did not do what it was asked: ${reason}.`, {
    cause,
    retryAfterMs: 1_000,
  })
}

/** The error of what Redis has answered with an error of its own. Its words may tell addresses, keys and users. */
export function refusal(cause: Error): SluiceError {
  if (!cause.message.startsWith('OOM')) return storeError('it was refused', cause)
  return new SluiceError(
    'SLUICE_ERR_OVERLOADED',
    'Redis has no memory left for more; what is there already goes on. Try again later, or give it more memory.',
    { cause, retryAfterMs: 1_000 },
  )
}
