import { isSluiceError } from '@sluice/core'

/** Whether an attempt's stream is not kept any more: a job may be kept for longer. */
export function isStreamGone(error: unknown): boolean {
  return isSluiceError(error) && (error.code === 'SLUICE_ERR_GONE' || error.code === 'SLUICE_ERR_NOT_FOUND')
}
