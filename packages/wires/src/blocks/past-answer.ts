import { SluiceError } from '@sluice/core'
import type { EncoderStart, Entry } from '@sluice/core/extend'

/**
 * What a stream has said before a reading's first entry.
 *
 * @throws SluiceError `SLUICE_ERR_CURSOR_TRIMMED` where its beginning is not kept any more
 */
export function pastOf({ mode, past }: EncoderStart): readonly Entry[] {
  if (past) return past
  if (mode === 'start') return []
  throw new SluiceError(
    'SLUICE_ERR_CURSOR_TRIMMED',
    'The beginning of this stream is not kept any more, and its wire repeats it. Read it on the native wire.',
  )
}
