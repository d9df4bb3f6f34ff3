import { type InfoOptions, type Principal, SluiceError, type StreamInfo, type StreamRef } from '@sluice/core'
import { nativeSse } from '@sluice/sse'
import { z } from 'zod'

import { chooseRepresentation, type Representation } from '../request/accept.ts'
import { attachFor } from '../reading/attach.ts'
import { readCursor } from '../request/cursor-request.ts'
import { type HttpRequest, readHeaderText } from '../request/http-request.ts'
import { emptyPlan, jsonPlan, type Plan } from '../response/plan.ts'
import type { IdentifiedRequest, ResourceParts } from './resource-parts.ts'
import { parseWith } from '../request/start-body.ts'
import { planPoll } from '../reading/poll.ts'
import { describeStream } from '../response/stream-info.ts'
import { readWaitMs } from '../request/wait.ts'
import { locationOf, planStreaming } from '../reading/streaming-plan.ts'
import { chooseWire } from '../reading/wire-registry.ts'

const readQuery = z.object({
  wire: z.string().max(64).optional(),
  reader: z.string().min(1).max(128).optional(),
  include: z.literal('result').optional(),
  wait: z.string().optional(),
})

const keyQuery = readQuery.extend({ key: z.string().min(1).max(256) })

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
  const representation = representationOf(request)
  const cursor = readCursor(request)
  if (representation === 'json') {
    const step = stepOf(request, 'cursor' in ref ? ref.cursor : undefined)
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
    continues: cursor?.continues,
    readerName: query.reader,
    // A ticket is good once: whoever came with one cannot come back by itself.
    rotates: !byTicket,
  })
}

/** `GET /streams?key=`: the way to the live stream of that key, or what is known of it. */
export async function planFind<Raw>(parts: ResourceParts<Raw>, asked: IdentifiedRequest<Raw>): Promise<Plan> {
  const { request, principal: as } = asked
  const { key, include } = parseWith(keyQuery, Object.fromEntries(request.query))
  const representation = representationOf(request)
  const info = await findByKey(parts, request, { as, key })
  if (!info) return emptyPlan(204)
  if (representation === 'json') {
    const withResult = include === 'result'
    const step = stepOf(request)
    return jsonPlan(200, await describeStream(parts.sluice, { id: info.id }, { as, withResult, step }))
  }
  const rest = new URLSearchParams(request.query)
  rest.delete('key')
  const location = locationOf(request.mount, info.id) + (rest.size > 0 ? `?${rest.toString()}` : '')
  return emptyPlan(307, { location, 'sluice-stream-id': info.id })
}

/** What a path segment refers to: a cursor has dots, an id has none. */
export function refOf(name: string): StreamRef {
  return name.includes('.') ? { cursor: name } : { id: name }
}

async function findByKey<Raw>(
  { sluice }: ResourceParts<Raw>,
  request: Pick<HttpRequest, 'header'>,
  { as, key }: { as: Principal; key: string },
): Promise<StreamInfo | undefined> {
  // A reader that comes back wants the rest of the stream it was reading, though that may not run any more.
  const last = readHeaderText(request, 'last-event-id')
  if (last) {
    const info = await sluice.info({ cursor: last }, { as })
    if (info.key === key) return info
    throw new SluiceError('SLUICE_ERR_CURSOR_MALFORMED', 'The cursor belongs to another stream.')
  }
  try {
    return await sluice.info({ key }, { as })
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'SLUICE_ERR_NOT_FOUND') return undefined
    throw error
  }
}

/** How long to wait for something new, and since when that is new. */
function stepOf(request: HttpRequest, known?: string): Omit<InfoOptions, 'as'> {
  const { signal } = request
  const after = readCursor(request)?.cursor ?? known
  return { waitMs: readWaitMs(request), after: after === 'now' ? undefined : after, signal }
}

function requireNative(wire: string | undefined): void {
  if (wire === undefined || wire === '' || wire === nativeSse.name) return
  throw new SluiceError('SLUICE_ERR_REQUEST', 'Lines are sluice’s own: leave "wire" out, or ask for text/event-stream.')
}

function representationOf(request: Pick<HttpRequest, 'header'>): Representation {
  const representation = chooseRepresentation(request.header('accept'))
  if (representation) return representation
  const message = 'A stream is shown as text/event-stream, as application/x-ndjson or as application/json.'
  throw new SluiceError('SLUICE_ERR_REQUEST', message, { status: 406 })
}
