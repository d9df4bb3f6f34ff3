import { cursorError, placeCursor } from '../log/cursor-place.ts'
import { parseCursor } from '../events/cursor.ts'
import type { Engine } from './engine.ts'
import { SluiceError } from '../events/errors.ts'
import type { DataEvents } from '../events/event.ts'
import { locate, type RefOptions, type StreamRef } from './locate.ts'
import { joined } from './start.ts'
import { requireRoomIn } from '../reader/reader-limit.ts'
import type { TokenStream } from './token-stream.ts'

/** Options of `attach`. */
export interface AttachOptions extends RefOptions {
  /** Read on after this cursor; `now` skips what there is. Default: the ref's own cursor, else from the start. */
  after?: string | undefined
}

/** Joins an existing stream at a cursor. */
export async function attachStream<Data extends DataEvents>(
  engine: Engine,
  ref: StreamRef,
  options: AttachOptions,
): Promise<TokenStream<Data>> {
  const { as: actor } = options
  const { stored, cursor: own } = await locate(engine, ref, actor, { action: 'attach', lookUp: 'read' })
  const { log, facts } = stored
  requireRoomIn(engine.limits, log)
  if (options.after === 'now') return joined(engine, stored, { afterSeq: log.committed, actor })
  const cursor = options.after === undefined ? own : parseCursor(options.after)
  if (cursor && cursor.streamId !== facts.id) {
    throw new SluiceError('SLUICE_ERR_CURSOR_MALFORMED', 'The cursor belongs to another stream.')
  }
  if (!cursor || (cursor.seq === 0 && cursor.epoch === 0))
    return joined(engine, stored, { afterSeq: log.firstSeq - 1, fromOldest: true, actor })
  const place = placeCursor(log, cursor)
  const error = cursorError(place)
  if (!error) return joined(engine, stored, { afterSeq: cursor.seq, actor })
  // It may be of a producer that took this stream over, of which this process has not heard: final is what the store says.
  if (!engine.store.shared || place === 'trimmed') throw error
  const { stored: fresh } = await locate(engine, { id: facts.id, tenant: facts.tenant }, actor, FRESH)
  const finalError = cursorError(placeCursor(fresh.log, cursor))
  if (finalError) throw finalError
  return joined(engine, fresh, { afterSeq: cursor.seq, actor })
}

const FRESH = { action: 'attach', lookUp: 'fresh' } as const
