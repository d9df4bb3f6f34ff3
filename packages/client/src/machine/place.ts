import type { SluiceError } from '@sluice/core'

import { ClientError } from '../errors/client-error.ts'

/** A cursor without its epoch: before its first event a stream has none, and is told as in any. */
export function placeIn(cursor: string): string {
  return cursor.replace(/\.\d+\./, '.')
}

/** The error of a reading that was closed and cannot go on: told as the refusal that another attempt would get. */
export function lost(code: string): SluiceError {
  const what = `What follows is lost (${code}).`
  return new ClientError(code === 'trimmed' ? 'SLUICE_ERR_CURSOR_TRIMMED' : 'SLUICE_ERR_CURSOR_AHEAD', what)
}

/** How many events there are up to a cursor: its last number. */
export function eventsBefore(cursor = ''): number {
  return Number(cursor.slice(cursor.lastIndexOf('.') + 1))
}
