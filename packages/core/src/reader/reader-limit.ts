import { SluiceError } from '../events/errors.ts'
import { countReaders, type Reader } from './reader.ts'
import type { Log } from '../log/log.ts'

/** How many readers one stream may have. */
export interface ReaderLimit {
  readonly readersPerStream: number
}

/**
 * Looks whether a stream has room for one more reader. Asked where a reader begins to count, and nothing comes between: those
 * who ask at the same moment must not all find the last place free.
 *
 * @throws SluiceError `SLUICE_ERR_OVERLOADED`
 */
export function requireRoom(limits: ReaderLimit, reader: Reader): void {
  if (!reader.attached) requireRoomIn(limits, reader.log)
}

/** A reader counts from now on, if there is room for one more. @throws SluiceError `SLUICE_ERR_OVERLOADED` */
export function enter(limits: ReaderLimit, reader: Reader): Reader {
  requireRoom(limits, reader)
  reader.attach()
  return reader
}

/** The same for who has no reader yet: refused here, nothing else need be found out. */
export function requireRoomIn({ readersPerStream }: ReaderLimit, log: Log): void {
  if (log.readers.size < readersPerStream || countReaders(log) < readersPerStream) return
  throw new SluiceError(
    'SLUICE_ERR_OVERLOADED',
    `This stream already has ${readersPerStream} readers, which is all that limits.readersPerStream allows; try again later.`,
    { retryAfterMs: 1_000 },
  )
}
