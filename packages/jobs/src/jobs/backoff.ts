import type { EndEvent } from '@sluice/core'

import type { ResolvedJobsOptions } from './options.ts'

/**
 * When an attempt that ended so is made again; `undefined`: never. What the source says of itself counts: an error that is not
 * `retryable` would be the same the next time.
 */
export function againAfter(
  { reason, cause, error }: EndEvent,
  attempt: number,
  { firstMs, maxMs }: ResolvedJobsOptions['backoff'],
): { afterMs: number } | undefined {
  if (reason !== 'error' && reason !== 'interrupted') return undefined
  // What an application's own code throws says nothing of the kind, and is tried again.
  const isFinal = error?.retryable === false && error.code !== 'SLUICE_ERR_SOURCE'
  if (isFinal && cause === 'source') return undefined
  const waitMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30))
  const jittered = Math.round(waitMs / 2 + Math.random() * (waitMs / 2))
  return { afterMs: Math.max(jittered, Math.min(error?.retryAfterMs ?? 0, maxMs)) }
}
