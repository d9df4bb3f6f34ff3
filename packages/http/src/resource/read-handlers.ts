import {
  type InfoOptions,
  isSluiceError,
  type Principal,
  SluiceError,
  type StreamInfo,
  type StreamRef,
} from '@sluice/core'
import { nativeSse } from '@sluice/sse'
import * as z from 'zod/mini'

import { chooseRepresentation, type Representation } from '../request/accept.ts'
import { readReadingQuery } from '../request/client-query.ts'
import { attachFor } from '../reading/attach.ts'
import { lastEventIdOf, readCursor, readLastEventId, type RequestedIds } from '../request/cursor-request.ts'
import type { HttpRequest } from '../request/http-request.ts'
import { emptyPlan, jsonPlan, type Plan } from '../response/plan.ts'
import type { IdentifiedRequest, ResourceParts } from './resource-parts.ts'
import { parseWith } from '../request/start-body.ts'
import { linesWire } from '../reading/lines-wire.ts'
import { planPoll } from '../reading/poll.ts'
import { describeStream } from '../response/stream-info.ts'
import { readWaitMs } from '../request/wait.ts'
import { locationOf, planStreaming } from '../reading/streaming-plan.ts'
import { chooseWire, hasOwnIds } from '../reading/wire-registry.ts'

const readQuery = z.object({
  wire: z.optional(z.string().check(z.maxLength(64))),
  reader: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  include: z.optional(z.literal('result')),
  wait: z.optional(z.string()),
})

const keyQuery = z.extend(readQuery, { key: z.string().check(z.minLength(1), z.maxLength(256)) })

/** `GET /streams/{id or cursor}`: the stream, what follows a cursor, or what is known of it. */
export async function planRead<Raw>(
  parts: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  name: string,
): Promise<Plan> {
  const { sluice, wires } = parts
  const { request, principal: as, byTicket } = asked
  const ref = refOf(name)
  const query = parseWith(readQuery, Object.fromEntries(request.query))
  const reading = readReadingQuery(request.query)
  const representation = representationOf(request)
  const cursor = readCursor(request, await idsOf(parts, asked, { name, wire: query.wire }))
  if (representation === 'json') {
    const step = stepOf(request, cursor?.cursor ?? ('cursor' in ref ? ref.cursor : undefined))
    return jsonPlan(200, await describeStream(sluice, ref, { as, withResult: query.include === 'result', step }))
  }
  if (representation === 'lines') {
    requireNative(query.wire)
    const waitMs = readWaitMs(request)
    return planPoll(sluice, request, { ref, after: cursor?.cursor, as, readerName: query.reader, waitMs })
  }
  const { stream, plan } = await attachFor(sluice, { ref, after: cursor?.cursor, as })
  if (!stream) return plan
  const wire = chooseWire(wires, query.wire ?? null, stream)
  const { mount } = request
  return planStreaming(sluice, {
    stream,
    wire,
    mount,
    // A cursor in the path is one too.
    continues: cursor?.continues ?? ('cursor' in ref ? false : undefined),
    readerName: query.reader,
    reading,
    // A ticket is good once: whoever came with one cannot come back by itself.
    rotates: !byTicket,
  })
}

/**
 * The same of a stream that others stood in the place of before it: whoever read one of those comes with its cursor, and begins with
 * this one.
 */
export function planReadOfAttempt<Raw>(
  parts: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  id: string,
): Promise<Plan> {
  const { request } = asked
  const isOfOther = (cursor: string | null | undefined): boolean =>
    cursor !== undefined && cursor !== null && cursor.includes('.') && cursor.split('.', 1)[0] !== id
  if (!isOfOther(request.header('last-event-id')) && !isOfOther(request.query.get('after')))
    return planRead(parts, asked, id)
  const query = new URLSearchParams(request.query)
  query.delete('after')
  const header = (name: string): string | undefined => (name === 'last-event-id' ? undefined : request.header(name))
  const { method, path, signal, raw, mount, waitUntil } = request
  const body: typeof request.body = (bodies) => request.body(bodies)
  return planRead(
    parts,
    { ...asked, request: { method, path, query, header, body, signal, raw, mount, waitUntil } },
    id,
  )
}

/** `GET /streams?key=`: the way to the live stream of that key, or what is known of it. */
export async function planFind<Raw>(parts: ResourceParts<Raw>, asked: IdentifiedRequest<Raw>): Promise<Plan> {
  const { request, principal: as } = asked
  const { key, include, wire } = parseWith(keyQuery, Object.fromEntries(request.query))
  // What it says of a reading goes on to where the stream is; a mistake is told here already.
  readReadingQuery(request.query, ['key'])
  const representation = representationOf(request)
  const info = await findByKey(parts, request, { as, key, wire })
  if (!info) return emptyPlan(204)
  if (representation === 'json') {
    const withResult = include === 'result'
    const step = stepOf(request, readLastEventId(request, { wire: parts.wires.get(wire ?? '') }))
    return jsonPlan(200, await describeStream(parts.sluice, { id: info.id }, { as, withResult, step }))
  }
  const rest = new URLSearchParams(request.query)
  rest.delete('key')
  const location = locationOf(request.mount, info.id) + (rest.size > 0 ? `?${rest.toString()}` : '')
  return emptyPlan(307, { location, 'sluice-stream-id': info.id })
}

/** Whose ids a reader of this stream brings: those of the wire it asks for, else of the one the stream was started on. */
async function idsOf<Raw>(
  { sluice, wires }: ResourceParts<Raw>,
  { request, principal: as }: IdentifiedRequest<Raw>,
  { name, wire }: { name: string; wire: string | undefined },
): Promise<RequestedIds> {
  const streamId = name.split('.', 1)[0]!
  if (wire !== undefined && wire !== '') return { wire: wires.get(wire), streamId }
  const needed = lastEventIdOf(request) !== undefined && hasOwnIds(wires)
  // A handle that nobody reads costs nothing.
  return needed ? { wire: chooseWire(wires, null, await sluice.attach({ id: streamId }, { as })), streamId } : {}
}

/** What a path segment refers to: a cursor has dots, an id has none. */
export function refOf(name: string): StreamRef {
  return name.includes('.') ? { cursor: name } : { id: name }
}

async function findByKey<Raw>(
  { sluice, wires }: ResourceParts<Raw>,
  request: Pick<HttpRequest, 'header' | 'query'>,
  { as, key, wire = '' }: { as: Principal; key: string; wire: string | undefined },
): Promise<StreamInfo | undefined> {
  // A reader that comes back wants the rest of the stream it was reading, though that may not run any more.
  const last = readLastEventId(request, { wire: wires.get(wire) })
  if (last) {
    const info = await sluice.info({ cursor: last }, { as })
    if (info.key === key) return info
    throw new SluiceError('SLUICE_ERR_CURSOR_MALFORMED', 'The cursor belongs to another stream.')
  }
  try {
    return await sluice.info({ key }, { as })
  } catch (error) {
    if (isSluiceError(error) && error.code === 'SLUICE_ERR_NOT_FOUND') return undefined
    throw error
  }
}

/** How long to wait for something new, and since when that is new. */
function stepOf(request: HttpRequest, after: string | undefined): Omit<InfoOptions, 'as'> {
  const { signal } = request
  return { waitMs: readWaitMs(request), after: after === 'now' ? undefined : after, signal }
}

function requireNative(wire: string | undefined): void {
  if (wire === undefined || wire === '' || wire === nativeSse.name || wire === linesWire.name) return
  throw new SluiceError('SLUICE_ERR_REQUEST', 'Lines are sluice’s own: leave "wire" out, or ask for text/event-stream.')
}

function representationOf(request: Pick<HttpRequest, 'header'>): Representation {
  const representation = chooseRepresentation(request.header('accept'))
  if (representation) return representation
  const message = 'A stream is shown as text/event-stream, as application/x-ndjson or as application/json.'
  throw new SluiceError('SLUICE_ERR_REQUEST', message, { status: 406 })
}
