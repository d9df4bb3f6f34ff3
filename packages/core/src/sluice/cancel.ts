import { formatCursor } from '../events/cursor.ts'
import { cutEnd } from '../log/end.ts'
import type { Engine } from './engine.ts'
import { SluiceError } from '../events/errors.ts'
import type { EndCause, EndEvent } from '../events/event.ts'
import type { StoredStream } from '../store/store.ts'
import { cursorOf } from '../store/info.ts'

/**
 * Ends a stream for everyone, in one fenced step (contract 8). Gives that end, or the one there was before, and the
 * cursor after it.
 *
 * @throws SluiceError `SLUICE_ERR_GONE`
 */
export async function cancelStream(
  { store }: Engine,
  stored: StoredStream,
  cause: EndCause = 'client',
): Promise<{ end: EndEvent; cursor: string }> {
  const { facts, log } = stored
  if (log.end) return { end: log.end, cursor: cursorOf(stored) }
  const closing = await store.close(facts, cutEnd(log, cause))
  if (closing.is !== 'closed') throw new SluiceError('SLUICE_ERR_GONE', 'This stream is not kept any more.')
  return { end: closing.end, cursor: formatCursor(facts.id, closing.epoch, closing.seq) }
}
