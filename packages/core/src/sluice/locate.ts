import { type Cursor, isStreamId, parseCursor } from '../events/cursor.ts'
import { type Engine, requireAuthority } from './engine.ts'
import { SluiceError } from '../events/errors.ts'
import { type Action, type Actor, isName, notFound, requireActor } from '../access/principal.ts'
import type { Found, LookUp, StoredStream } from '../store/store.ts'

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

/** A stream that was found, and where in it the ref points. */
export interface Located {
  stored: StoredStream
  cursor: Cursor | undefined
}

/** What is to be done with a stream, and whether its events are needed for it. */
export interface LocateOptions {
  action: Action
  lookUp?: LookUp | undefined
}

/**
 * Finds the stream and lets the actor pass. What is unknown and what is forbidden look the same.
 *
 * @throws SluiceError `SLUICE_ERR_CURSOR_MALFORMED`, `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE`
 */
export async function locate(engine: Engine, ref: StreamRef, as: Actor, options: LocateOptions): Promise<Located> {
  const actor = requireActor(as)
  const { action } = options
  const cursor = 'cursor' in ref ? parseCursor(ref.cursor) : undefined
  const found = await find(engine, ref, actor, options.lookUp ?? 'look')
  if (found.is === 'unknown') throw notFound()
  if (found.is === 'tombstone') {
    await requireAuthority(engine, actor, found.tombstone.facts, action)
    throw new SluiceError('SLUICE_ERR_GONE', 'This stream was erased, or is not kept any more.')
  }
  await requireAuthority(engine, actor, found.stream.facts, action)
  return { stored: found.stream, cursor }
}

async function find(engine: Engine, ref: StreamRef, actor: Actor, lookUp: LookUp): Promise<Found> {
  const tenant = ref.tenant ?? (actor === 'server' ? '' : (actor.tenant ?? ''))
  if (!isName(tenant)) throw notFound()
  if ('key' in ref) {
    if (!isName(ref.key)) throw notFound()
    return engine.store.find({ tenant, key: ref.key }, lookUp)
  }
  const id = 'cursor' in ref ? parseCursor(ref.cursor).streamId : ref.id
  if (!isStreamId(id)) throw notFound()
  return engine.store.find({ tenant, id }, lookUp)
}
