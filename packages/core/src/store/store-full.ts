import { SluiceError } from '../events/errors.ts'

/** By then some streams have ended, most likely. */
const RETRY_AFTER_MS = 5_000

/** Whoever asks for a log that there is no room for is told so (contract 6). */
export function storeFull(maxBytes: number): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_OVERLOADED',
    `What runs and is read here takes all of the ${maxBytes} bytes that maxBytes of the store allows; try again later.`,
    { retryAfterMs: RETRY_AFTER_MS },
  )
}
