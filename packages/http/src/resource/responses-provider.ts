import type { Actor, Principal, Sluice } from '@sluice/core'
import { headGone } from '@sluice/core/extend'
import { createSseHeaders } from '@sluice/sse'
import {
  openAiResponses,
  responsesAfter,
  type ResponsesFacts,
  responsesFacts,
  toResponseObject,
} from '@sluice/wires/openai-responses'
import * as z from 'zod/mini'

import { attachFor } from '../reading/attach.ts'
import { locationOf, planStreaming } from '../reading/streaming-plan.ts'
import { readReadingQuery } from '../request/client-query.ts'
import { readCursor } from '../request/cursor-request.ts'
import { parseWith } from '../request/start-body.ts'
import { jsonPlan, type Plan } from '../response/plan.ts'
import type { Provider, ProviderAsked } from './provider.ts'

const query = z.object({
  stream: z.optional(z.enum(['true', 'false', '1', '0'])),
  starting_after: z.optional(z.string().check(z.regex(/^\d{1,16}$/))),
})

/** `GET /responses/{id}`: the response as it stands, or its events, from a `sequence_number` on. */
async function planResponse({ sluice, request, principal: as, id }: ProviderAsked): Promise<Plan> {
  const { stream, starting_after: after } = parseWith(query, Object.fromEntries(request.query))
  if (stream === undefined || stream === 'false' || stream === '0') {
    return jsonPlan(200, await describeResponse(sluice, id, as), { 'sluice-stream-id': id })
  }
  return planEvents(sluice, request, { id, after: after === undefined ? undefined : Number(after), as })
}

async function planEvents(
  sluice: Sluice,
  request: ProviderAsked['request'],
  { id, after, as }: { id: string; after: number | undefined; as: Principal },
): Promise<Plan> {
  const { mount } = request
  const from = after === undefined ? undefined : responsesAfter(id, after)
  const last = from ? undefined : readCursor(request, {})
  const attached = await attachFor(sluice, { ref: { id }, after: from?.cursor ?? last?.cursor, as })
  // Clients of this wire take an answer without a body for a failure: a stream that has nothing more to say is an empty one.
  if (attached.plan) {
    const headers = createSseHeaders({ streamId: id, contentLocation: locationOf(mount, id) })
    return { status: 200, headers: { ...headers, ...attached.plan.headers }, body: '' }
  }
  const asked = readReadingQuery(request.query)
  return planStreaming(sluice, {
    stream: attached.stream,
    wire: from?.wire ?? openAiResponses,
    mount,
    continues: from ? true : last?.continues,
    // Who goes on by number has no use for ids.
    reading: from ? { ...asked, ids: asked.ids ?? false } : asked,
  })
}

/** `POST /responses/{id}/cancel`. */
async function planCancel({ sluice, principal: as, id }: ProviderAsked): Promise<Plan> {
  await sluice.cancel({ id }, { as })
  return jsonPlan(200, await describeResponse(sluice, id, as), { 'sluice-stream-id': id })
}

/** `DELETE /responses/{id}`. */
async function planErase({ sluice, principal: as, id }: ProviderAsked): Promise<Plan> {
  await sluice.erase({ id }, { as })
  return jsonPlan(200, { id: `resp_${id}`, object: 'response', deleted: true }, { 'sluice-stream-id': id })
}

/**
 * A stream as a response, as it stands.
 *
 * @throws SluiceError `SLUICE_ERR_NOT_FOUND`, `SLUICE_ERR_GONE`; `SLUICE_ERR_CURSOR_TRIMMED` where its beginning is not kept
 */
async function describeResponse(sluice: Sluice, id: string, as: Actor): Promise<object> {
  const stream = await sluice.attach({ id }, { as })
  const { end } = stream
  const { events, trimmed } = await sluice.transcript({ id }, { as })
  if (trimmed) throw headGone()
  const facts = (stream.wire?.facts ?? { created: 0, model: '' }) as ResponsesFacts
  return toResponseObject(facts, id, end ? [...events, end] : events)
}

/**
 * OpenAI's Responses as routes of a resource: `POST /responses`, `GET` and `DELETE /responses/{id}`, `POST /responses/{id}/cancel`.
 *
 * @example
 * ```ts
 * const runner: Runner = (body, { format }) => () => [`Asked for ${format}.`]
 * const resource = createStreamResource({ sluice, identify, runner, providers: [responsesProvider] })
 * ```
 */
export const responsesProvider: Provider = {
  format: 'responses',
  wire: openAiResponses,
  factsOf: responsesFacts,
  bodyOf: (facts, streamId, events) => toResponseObject(facts as ResponsesFacts, streamId, events),
  describe: describeResponse,
  read: planResponse,
  cancel: planCancel,
  erase: planErase,
}
