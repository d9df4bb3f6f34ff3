import type { JsonObject } from '@bufbuild/protobuf'
import { type ClientReading, type Principal, SluiceError, type TokenStream } from '@sluice/core'
import { madeInTime, type WireFacts } from '@sluice/core/extend'

import { WIRE_NAME } from '../message/event-encoder.ts'
import type { AttachRequest, StartRequest } from '../gen/sluice/v1/token_stream_pb.ts'
import { parseReading, parseStart, toCredit, toReader, toRef } from '../message/request-options.ts'
import type { ServiceParts } from './service-parts.ts'

/** A stream that a request names, and how far its reading may go at first. */
export interface Begun {
  stream: TokenStream
  credit: number | undefined
  /** Under which credit arrives from other transports. */
  name: string | undefined
  /** What the client asks of its reading. */
  reading: ClientReading
}

/** Starts the stream that a request asks for, or joins the one that stands in its place. */
export async function beginStart(
  { sluice, run, messageLimits }: ServiceParts,
  request: StartRequest,
  { headers, principal }: { headers: Headers; principal: Principal },
): Promise<Begun> {
  if (!run) throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'Nothing can be started here.')
  const { input, options, reading } = await parseStart(request, messageLimits)
  const name = toReader(request.reader)
  const source = await madeInTime(sluice, run(input, { headers, principal }))
  const stream = await sluice.start(source, {
    as: principal,
    wire: { name: WIRE_NAME, facts: factsOf(input) },
    ...options,
  })
  return { stream, credit: toCredit(request.credit), name, reading }
}

/** Joins the stream that a request names. */
export async function beginAttach(
  { sluice }: ServiceParts,
  request: AttachRequest,
  principal: Principal,
): Promise<Begun> {
  const reading = parseReading(request)
  const name = toReader(request.reader)
  const after = request.after === '' ? undefined : request.after
  const stream = await sluice.attach(toRef(request.ref), { as: principal, after })
  return { stream, credit: toCredit(request.credit), name, reading }
}

/** What other wires must remember to write this stream the same anywhere. */
function factsOf({ model }: JsonObject): WireFacts {
  return { created: Math.floor(Date.now() / 1000), model: typeof model === 'string' ? model : '' }
}
