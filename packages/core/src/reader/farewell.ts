import { CLOSED_CODES, type ClosedCode } from '../events/codes.ts'
import { formatCursor } from '../events/cursor.ts'
import type { Log } from '../log/log.ts'
import type { Encoder } from '../wire/encoder.ts'
import type { WireBytes } from '../wire/sink.ts'

/** What a reader is told whose reading is over, and who has got everything up to `seq`. */
export function farewellOf(encoder: Encoder, log: Log, { code, seq }: { code: ClosedCode; seq: number }): WireBytes {
  const place = log.placeAt(seq)
  const cursor = CLOSED_CODES[code].resumable ? formatCursor(log.streamId, log.epochOf(place), place) : undefined
  return encoder.closed({ type: 'closed', code, cursor })
}

/** What an encoder says of a failure that may be its own: nothing, where it fails at that too. */
export function lastWordsOf(encoder: Encoder, log: Log, seq: number): WireBytes {
  try {
    return farewellOf(encoder, log, { code: 'failed', seq })
  } catch {
    return ''
  }
}
