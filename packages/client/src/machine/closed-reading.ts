import type { ClosedCode, SluiceError, SluiceErrorCode } from '@sluice/core'

import { ClientError } from '../errors/client-error.ts'

/** Readings that cannot go on, and the code of the refusal that another attempt would get. */
const FINAL: Partial<Record<ClosedCode, SluiceErrorCode>> = {
  trimmed: 'SLUICE_ERR_CURSOR_TRIMMED',
  epoch: 'SLUICE_ERR_CURSOR_AHEAD',
  storage: 'SLUICE_ERR_CURSOR_AHEAD',
}

/** The error of a reading that was closed for good; nothing where another connection goes on. */
export function errorOfClosed(code: string, resumable: boolean): SluiceError | undefined {
  const known = Object.hasOwn(FINAL, code) ? FINAL[code as ClosedCode] : undefined
  if (known === undefined && resumable) return undefined
  return new ClientError(
    known ?? 'SLUICE_ERR_READING_CLOSED',
    `The reading was closed (${code}): what follows is lost to it. Read the stream from the beginning.`,
  )
}
