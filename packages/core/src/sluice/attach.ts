import { cursorError, placeCursor } from '../log/cursor-place.ts'
import { type Cursor, isStreamId, parseCursor } from '../events/cursor.ts'
import { type Engine, requireAuthority } from './engine.ts'
import { SluiceError } from '../events/errors.ts'
import type { DataEvents } from '../events/event.ts'
import { type Action, type Actor, notFound, requireActor } from '../access/principal.ts'
import { joined } from './start.ts'
import { countReaders } from '../reader/reader.ts'
import type { Found, LookUp, StoredStream } from '../store/store.ts'
import type { TokenStream } from './token-stream.ts'

/** Names a stream: by id, by a cursor (then reading goes on there), or by the application's key. */
export type StreamRef = ({ id: string } | { cursor: string } | { key: string }) & {
  /** Whose stream it is, where that is not the tenant of who asks. */
  tenant?: string | undefined
}

/** Options of what is done to an existing stream. */
export interface RefOptions {
  /** Who asks. Required. */
  as: Actor
}

/** Options of `attach`. */
export interface AttachOptions extends RefOptions {
  /** Read on after this cursor; `now` skips what there is. Default: the ref's own cursor, else from the start. */
  after?: string | undefined
}

/** A stream that was found, and where in it the ref points. */
export interface Located {
  stored: StoredStream
  cursor: Cursor | undefined
}

/** What is to be done with a stream, and whether its events are needed for it. */
export interface Asked {
  action: Action
  lookUp?: LookUp | undefined
}

/**
 * Finds the stream and lets the actor pass. What is unknown and what is forbidden look the same.
 *
 * @throws SluiceError `SLUICE_ERR_CURSOR_MALFORMED`, `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE`
 */
export async function locate(engine: Engine, ref: StreamRef, as: Actor, asked: Asked): Promise<Located> {
  const actor = requireActor(as)
  const { action } = asked
  const cursor = 'cursor' in ref ? parseCursor(ref.cursor) : undefined
  const found = await find(engine, ref, actor, asked.lookUp ?? 'look')
  if (found.is === 'unknown') throw notFound()
  if (found.is === 'tombstone') {
    await requireAuthority(engine, actor, found.tombstone.facts, action)
    throw new SluiceError('SLUICE_ERR_GONE', 'This stream was erased, or is not kept any more.')
  }
  await requireAuthority(engine, actor, found.stream.facts, action)
  return { stored: found.stream, cursor }
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
  if (log.readers.size >= engine.limits.readersPerStream && countReaders(log) >= engine.limits.readersPerStream) {
    throw new SluiceError(
      'SLUICE_ERR_OVERLOADED',
      `This stream already has ${engine.limits.readersPerStream} readers; try again later.`,
      {
        retryAfterMs: 1_000,
      },
    )
  }
  if (options.after === 'now') return joined(engine, stored, { afterSeq: log.committed, actor })
  const cursor = options.after === undefined ? own : parseCursor(options.after)
  if (cursor && cursor.streamId !== facts.id) {
    throw new SluiceError('SLUICE_ERR_CURSOR_MALFORMED', 'The cursor belongs to another stream.')
  }
  if (!cursor || (cursor.seq === 0 && cursor.epoch === 0))
    return joined(engine, stored, { afterSeq: log.firstSeq - 1, actor })
  const error = cursorError(placeCursor(log, cursor))
  if (error) throw error
  return joined(engine, stored, { afterSeq: cursor.seq, actor })
}

async function find(engine: Engine, ref: StreamRef, actor: Actor, lookUp: LookUp): Promise<Found> {
  const tenant = ref.tenant ?? (actor === 'server' ? '' : (actor.tenant ?? ''))
  if ('key' in ref) return engine.store.find({ tenant, key: ref.key }, lookUp)
  const id = 'cursor' in ref ? parseCursor(ref.cursor).streamId : ref.id
  if (!isStreamId(id)) throw notFound()
  return engine.store.find({ tenant, id }, lookUp)
}
