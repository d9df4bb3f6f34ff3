import { isSluiceError, SluiceError } from '@sluice/core'

/** The error of a command that Redis did not, or could not, carry out. Clients read the reason; the cause is the operator's. */
export function storeError(reason: string, cause?: unknown): SluiceError {
  return new SluiceError('SLUICE_ERR_STORE', `Redis did not do what it was asked: ${reason}.`, {
    cause,
    retryAfterMs: 1_000,
  })
}

/** The error of a command that Redis has answered with an error of its own. Its words may tell addresses, keys and users. */
export function refusedByRedis(cause: Error): SluiceError {
  return storeError('it was refused', cause)
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
  return refusalOf(error)?.startsWith('OOM') ?? false
}

/** In which words Redis refused a command; `undefined` where it did not answer, or it was no command that failed. */
export function refusalOf(error: unknown): string | undefined {
  if (!isSluiceError(error) || error.code !== 'SLUICE_ERR_STORE') return undefined
  const { cause } = error
  return cause instanceof Error && cause.name === 'ReplyError' ? cause.message : undefined
}
