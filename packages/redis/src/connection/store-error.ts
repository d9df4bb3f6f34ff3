import { isSluiceError, SluiceError } from '@sluice/core'

/** The error of a command that Redis did not, or could not, carry out. */
export function storeError(reason: string, cause?: unknown): SluiceError {
  return new SluiceError('SLUICE_ERR_STORE', `Redis did not do what it was asked: ${reason}.`, {
    cause,
    retryAfterMs: 1_000,
  })
}

/** The error of a command whose reply answers another one: whether Redis did what it was asked is not known. */
export function misplacedReply(): SluiceError {
  return storeError('the reply answers another command, and the connection is made anew')
}

/** What the operator is warned of when that happens. */
export const MISPLACED_WARNING =
  'Redis gave a reply that answers another command. The connection is made anew, and again whenever that happens. Something between this process and Redis, such as a proxy or a pool, loses or repeats replies.'

/** Whether Redis refused a command for lack of memory. */
export function isOutOfMemory(error: unknown): boolean {
  return isSluiceError(error) && error.cause instanceof Error && error.cause.message.startsWith('OOM')
}
