import type { Cursor } from '../events/cursor.ts'
import { SluiceError } from '../events/errors.ts'
import type { Log } from './log.ts'

/** Where a cursor stands in a log. */
export type CursorPlace = 'within' | 'atEnd' | 'ahead' | 'superseded' | 'trimmed'

/** Where `cursor`, which names this log's stream, stands. Total: every cursor has one place. */
export function placeCursor(log: Log, { epoch, seq }: Cursor): CursorPlace {
  if (seq > log.committed || epoch > log.epoch) return 'ahead'
  if (seq + 1 < log.firstSeq) return 'trimmed'
  if (seq > 0 && epoch !== log.epochOf(seq)) return 'superseded'
  return seq === log.committed ? 'atEnd' : 'within'
}

/** Whoever asks for a whole is told so when its head is gone (contract 2). */
export function headGone(): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_CURSOR_TRIMMED',
    'The beginning of this stream is not kept any more; what is left is not the whole.',
  )
}

/** The error that a reader with a cursor at `place` gets; `undefined` where reading can go on. */
export function cursorError(place: CursorPlace): SluiceError | undefined {
  switch (place) {
    case 'ahead':
      return new SluiceError(
        'SLUICE_ERR_CURSOR_AHEAD',
        'The cursor is ahead of what is stored: acknowledged events were lost, or the cursor was made up. Attach without it.',
      )
    case 'superseded':
      return new SluiceError(
        'SLUICE_ERR_CURSOR_AHEAD',
        'The cursor belongs to events of a producer that was replaced. Attach without it.',
      )
    case 'trimmed':
      return new SluiceError(
        'SLUICE_ERR_CURSOR_TRIMMED',
        'What follows this cursor is not kept any more. Attach without it to read from the oldest event there is.',
      )
    default:
      return undefined
  }
}
