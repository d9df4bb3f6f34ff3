import { SluiceError } from '../events/errors.ts'
import type { Sluice } from '../sluice/sluice.ts'

/** How long finding out who asks may take. */
const IDENTIFY_MS = 5_000

/**
 * For adapters: what `identify` answers, if it does within 5 s on the sluice's clock.
 *
 * @throws SluiceError `SLUICE_ERR_OVERLOADED` when it does not
 */
export function identifiedInTime<Value>(sluice: Sluice, answer: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const callOff = sluice.after(IDENTIFY_MS, () => {
      const message = 'It could not be found out in time who you are; try again later.'
      reject(new SluiceError('SLUICE_ERR_OVERLOADED', message, { retryAfterMs: 1_000 }))
    })
    answer.then(resolve, reject).finally(callOff)
  })
}
