import type { SluiceErrorCode } from '@sluice/core'

import { ClientError } from '../errors/client-error.ts'
import type { Refusal } from '../machine/resume-input.ts'

/** What another attempt may mend. */
const TEMPORARY = /_(RATE|TOO_MANY_STREAMS|OVERLOADED|DRAINING|QUEUE_FULL|STORE|READING_CLOSED)$/

/** A refusal that a server tells in a message of its own: whether it is for good stands in its code, unless it says so itself. */
export function toldRefusal({
  code,
  message,
  retryAfterMs,
  isTemporary = TEMPORARY.test(String(code)),
}: {
  code?: unknown
  message?: unknown
  retryAfterMs?: unknown
  isTemporary?: boolean | undefined
}): Refusal {
  const isStranger = code === 'SLUICE_ERR_UNAUTHORIZED'
  const error = new ClientError(code as SluiceErrorCode, String(message), {
    status: isStranger ? 401 : undefined,
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
  })
  return { type: isTemporary ? 'broken' : 'refused', error }
}
