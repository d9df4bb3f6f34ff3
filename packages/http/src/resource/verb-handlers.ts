import { SluiceError } from '@sluice/core'
import { parseCursor } from '@sluice/core/extend'
import * as z from 'zod/mini'

import { requireJsonType } from '../request/json-type.ts'
import { jsonPlan, type Plan } from '../response/plan.ts'
import { refOf } from './read-handlers.ts'
import { bodyOf } from '../request/safe-body.ts'
import type { IdentifiedRequest, ResourceParts } from './resource-parts.ts'
import { parseWith } from '../request/start-body.ts'
import { describeEnded } from '../response/stream-info.ts'

/** Milliseconds, or tokens a second: more is no measure. */
const MAX_MEASURE = 1_000_000

const ackBody = z.object({
  reader: z.string().check(z.minLength(1), z.maxLength(128)),
  cursor: z.string().check(z.maxLength(256)),
  credit: z.int().check(z.gte(0), z.lte(Number.MAX_SAFE_INTEGER)),
  rttMs: z.optional(z.number().check(z.gt(0), z.lte(MAX_MEASURE))),
  paintRate: z.optional(z.number().check(z.gt(0), z.lte(MAX_MEASURE))),
})

/** `POST /streams/{id}/cancel`. */
export async function planCancel<Raw>(
  { sluice }: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  name: string,
): Promise<Plan> {
  return jsonPlan(200, describeEnded(await sluice.cancel(refOf(name), { as: asked.principal })))
}

/** `DELETE /streams/{id}`. */
export async function planErase<Raw>(
  { sluice }: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  name: string,
): Promise<Plan> {
  return jsonPlan(200, describeEnded(await sluice.erase(refOf(name), { as: asked.principal })))
}

/** `POST /streams/{id}/ack`. */
export async function planAck<Raw>(
  parts: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  name: string,
): Promise<Plan> {
  const { request, principal: as } = asked
  requireJsonType(request)
  const { reader, cursor, credit, ...report } = parseWith(ackBody, await bodyOf(parts, request))
  const { streamId } = parseCursor(name)
  if (parseCursor(cursor).streamId !== streamId) {
    throw new SluiceError('SLUICE_ERR_CURSOR_MALFORMED', 'The cursor belongs to another stream.')
  }
  const { readers } = await parts.sluice.ack({ cursor }, { as, reader, credit, report })
  return jsonPlan(200, { id: streamId, readers })
}

/** `POST /streams/{id}/send`: the body is the message. */
export async function planSend<Raw>(
  parts: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  name: string,
): Promise<Plan> {
  const { request, principal: as } = asked
  requireJsonType(request)
  const message = await bodyOf(parts, request)
  await parts.sluice.send(refOf(name), message, { as })
  return jsonPlan(202, { id: parseCursor(name).streamId })
}
