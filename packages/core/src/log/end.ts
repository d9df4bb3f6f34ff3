import { isErrorCode, type ClosedCode } from '../events/codes.ts'
import { isSluiceError, SluiceError } from '../events/errors.ts'
import type { EndCause, EndEvent, Usage, WireError } from '../events/event.ts'
import type { Json } from '../events/json.ts'
import type { Log } from './log.ts'

/** Turns what a source threw into what readers are told. What it throws itself is masked too. */
export type ErrorFor = (error: unknown) => WireError

/**
 * Shows the message of a {@link SluiceError} whose text was written for readers, and masks everything else: what a
 * library or a database put into its message is not for strangers.
 */
export const maskError: ErrorFor = (error) => {
  if (!isSluiceError(error))
    return { code: 'SLUICE_ERR_SOURCE', message: 'The source failed.', retryable: false, status: 502 }
  const { code, message, status, retryAfterMs } = error
  const retryable = status === 429 || status >= 500
  return { code, message, status, retryable, retryAfterMs, extra: error.extra as Json | undefined }
}

/** The source has finished by itself. */
export function completeEnd(log: Log): EndEvent {
  return { type: 'end', reason: log.finishReason ?? 'stop', complete: true, usage: log.usage ?? undefined }
}

/** The source has failed. */
export function failedEnd(log: Log, error: WireError): EndEvent {
  return { type: 'end', reason: 'error', complete: false, cause: 'source', usage: usageOfCut(log), error }
}

/** Somebody or something cut the stream. Without its log, the store counts what it had said. */
export function cutEnd(log: Log | undefined, cause: EndCause, limit?: string): EndEvent {
  const usage = log && usageOfCut(log)
  if (cause === 'deadline') {
    const message = `The source took longer than ${limit ?? 'its deadline'} allows.`
    const error: WireError = { code: 'SLUICE_ERR_TIMEOUT', message, retryable: true, status: 504 }
    return { type: 'end', reason: 'error', complete: false, cause, usage, error }
  }
  const cancelled = cause === 'client' || cause === 'replaced' || cause === 'disconnect'
  return { type: 'end', reason: cancelled ? 'cancelled' : 'interrupted', complete: false, cause, usage }
}

/** True once nothing more will be said here: the end is stored, or the stream is lost. */
export function isOver(log: Log): boolean {
  return log.end !== undefined || log.lost !== undefined
}

/** What is said of a stream that is lost here; the end it gets elsewhere, if it gets one, is another's business. */
export function lostEnd(log: Log, code: ClosedCode): EndEvent {
  return cutEnd(log, code === 'epoch' ? 'lease' : 'storage')
}

/** The one end of a stream. Who has lost it here learns of no other than that this process was cut off from it. */
export function endOf(log: Log): Promise<EndEvent> {
  if (log.end) return Promise.resolve(log.end)
  if (log.lost) return Promise.resolve(lostEnd(log, log.lost))
  return new Promise((resolve) => log.watch({ ended: resolve, lost: (code) => resolve(lostEnd(log, code)) }))
}

/** The error that says the same as an abnormal end. */
export function errorOfEnd(end: EndEvent): SluiceError {
  if (end.reason === 'cancelled') {
    return new SluiceError('SLUICE_ERR_CANCELLED', `The stream was cancelled (cause: ${end.cause ?? 'unknown'}).`)
  }
  if (end.reason === 'interrupted' || !end.error) {
    return new SluiceError('SLUICE_ERR_INTERRUPTED', `The stream was interrupted (cause: ${end.cause ?? 'unknown'}).`, {
      retryAfterMs: 1_000,
    })
  }
  const { code, message, status, retryAfterMs, extra } = end.error
  return new SluiceError(isErrorCode(code) ? code : 'SLUICE_ERR_SOURCE', message, {
    status,
    retryAfterMs,
    extra,
  })
}

/** What the source told last, or our own count: a cut stream is never billed as nothing. */
function usageOfCut(log: Log): Usage {
  return log.usage ?? { outputTokens: log.tokens, estimated: true }
}
