import { type ClientReading, type Source, SluiceError, type StartOptions } from '@sluice/core'
import { fingerprintOf, madeInTime, type Wire } from '@sluice/core/extend'
import { nativeSse } from '@sluice/sse'
import { openAiChat } from '@sluice/wires/openai'

import { planBackground } from './background-start.ts'
import { attachFor, refOfCursor } from '../reading/attach.ts'
import { type BodyOf, planChatJson, planNativeJson, planProviderJson } from '../reading/json-answer.ts'
import { readIdsQuery } from '../request/client-query.ts'
import { readCursor, type RequestedCursor } from '../request/cursor-request.ts'
import { defaultOnDisconnect } from '../reading/on-disconnect.ts'
import { PendingReader } from '../reading/pending-reader.ts'
import type { HttpRequest } from '../request/http-request.ts'
import { readIdempotencyKey } from '../request/idempotency.ts'
import type { Plan } from '../response/plan.ts'
import { requireJsonType } from '../request/json-type.ts'
import type { Provider } from './provider.ts'
import type { ProviderRoute } from './routes.ts'
import { bodyOf } from '../request/safe-body.ts'
import type { IdentifiedRequest, ResourceParts } from './resource-parts.ts'
import { type Held, leftPlan, refusedOpening, startHeld } from '../reading/start.ts'
import { parseStartBody, type StartBody, type StartRoute } from '../request/start-body.ts'
import { readAsyncWaitMs } from '../request/wait.ts'
import { planStreaming } from '../reading/streaming-plan.ts'

/** `POST` on any route that starts a stream: the same but for the wire and the shape of what is not streamed. */
export async function planStart<Raw>(
  parts: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  route: StartRoute,
): Promise<Plan> {
  const { request } = asked
  requireJsonType(request)
  const parsed = withFactsOf(
    parts,
    route,
    parseStartBody(await bodyOf(parts, request), route, parts.sluice.bodies.options),
  )
  // The body's own word wins over the query's.
  const reading = { ...readIdsQuery(request.query), ...parsed.client.reading }
  const cursor = readCursor(request, { wire: wireOf(parts, route) })
  // A client that posts again because its answer broke off wants the rest of that answer, not another one.
  if (cursor) return planResumed(parts, asked, { route, body: parsed, cursor, reading })
  const waitMs = readAsyncWaitMs(request)
  const body: StartBody = waitMs === undefined ? parsed : { ...parsed, mode: 'background' }
  if (waitMs !== undefined && parts.later) return planLater(parts, asked, { route, body, waitMs })
  const source = await makeSource(parts, asked, { body, route })
  const { sluice } = parts
  const options = await startOptionsOf(parts, asked, { route, body, reading })
  if (request.signal.aborted) return leftPlan()
  if (body.mode === 'background') {
    const collect = (held: Held): Promise<Plan> => planCollected(parts, asked, { route, body, held })
    const { principal: as } = asked
    const provider = providerOf(parts, route)
    const describe = provider?.describe && ((id: string) => provider.describe!(sluice, id, as))
    return planBackground(parts, asked, { source, options, waitMs, collect, describe })
  }
  const held = await startHeld(sluice, source, options, request.signal)
  if (body.mode === 'json') return planCollected(parts, asked, { route, body, held })
  const refused = await refusedOpening(sluice, held, { request, style: asked.style })
  return refused ?? planStreaming(sluice, { ...held, wire: wireOf(parts, route), mount: request.mount, reading })
}

/** A start that somebody else sees to, since its client does not wait. */
async function planLater<Raw>(
  parts: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  { route, body, waitMs }: { route: StartRoute; body: StartBody; waitMs: number },
): Promise<Plan> {
  const { sluice, later } = parts
  const { request, principal } = asked
  const { meta } = body.client.start
  const idempotency = await idempotencyOf(request, route, body.whole)
  const format = formatOfRoute(route)
  const wire = { name: wireOf(parts, route).name, facts: body.facts }
  const started = await later!({
    sluice,
    request,
    principal,
    format,
    wire,
    body: body.body,
    meta,
    idempotency,
    waitMs,
  })
  if ('plan' in started) return started.plan
  const { stream } = started
  return planCollected(parts, asked, { route, body, held: { stream, hold: new PendingReader(stream, request.signal) } })
}

function formatOfRoute(route: StartRoute): 'chat' | ProviderRoute {
  return route === 'native' ? 'chat' : route
}

async function planResumed<Raw>(
  parts: ResourceParts<Raw>,
  asked: IdentifiedRequest<Raw>,
  {
    route,
    body,
    cursor,
    reading,
  }: { route: StartRoute; body: StartBody; cursor: RequestedCursor; reading: ClientReading },
): Promise<Plan> {
  const { sluice } = parts
  const { request, principal: as } = asked
  const { key } = body.client.start
  const { ref, after } = refOfCursor(cursor, key)
  // One body holds all of the answer, wherever the client was.
  const attached = await attachFor(sluice, { ref, as, key, after: body.mode === 'stream' ? after : undefined })
  if (attached.plan) return attached.plan
  const { stream } = attached
  if (body.mode === 'stream') {
    const { mount } = request
    return planStreaming(sluice, { stream, wire: wireOf(parts, route), mount, continues: cursor.continues, reading })
  }
  return planCollected(parts, asked, { route, body, held: { stream, hold: new PendingReader(stream, request.signal) } })
}

function planCollected<Raw>(
  resource: ResourceParts<Raw>,
  { request, principal, style }: IdentifiedRequest<Raw>,
  { route, body, held }: { route: StartRoute; body: StartBody; held: Held },
): Promise<Plan> {
  const { sluice, maxJsonBytes } = resource
  const parts = { mount: request.mount, maxJsonBytes, style }
  const provider = providerOf(resource, route)
  if (provider) {
    const bodyOf: BodyOf = (facts, id, events) => provider.bodyOf(facts, id, events)
    return planProviderJson(held, { facts: body.facts, bodyOf }, parts)
  }
  return route === 'chat' ? planChatJson(held, body.facts, parts) : planNativeJson(held, sluice, principal, parts)
}

async function makeSource<Raw>(
  { runner, sluice }: ResourceParts<Raw>,
  { request, principal }: IdentifiedRequest<Raw>,
  { body: { body }, route }: { body: StartBody; route: StartRoute },
): Promise<Source> {
  if (!runner) throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'Nothing can be started here.')
  return madeInTime(sluice, runner(body, { request, principal, format: formatOfRoute(route) }))
}

async function startOptionsOf<Raw>(
  parts: ResourceParts<Raw>,
  { request, principal }: IdentifiedRequest<Raw>,
  { route, body, reading }: { route: StartRoute; body: StartBody; reading: ClientReading },
): Promise<StartOptions> {
  const { whole, mode, client, facts } = body
  const { start } = client
  const wire = wireOf(parts, route)
  const idempotency = await idempotencyOf(request, route, whole)
  const { key } = start
  const unsaid =
    mode === 'background' || body.background
      ? 'continue'
      : defaultOnDisconnect(parts.sluice, wire, { key, idempotency, ...reading })
  return {
    as: principal,
    ...start,
    onDisconnect: start.onDisconnect ?? unsaid,
    wire: { name: wire.name, facts },
    idempotency,
    waitUntil: request.waitUntil,
  }
}

async function idempotencyOf(
  request: HttpRequest,
  route: StartRoute,
  whole: StartBody['whole'],
): Promise<StartOptions['idempotency']> {
  const key = readIdempotencyKey(request)
  if (key === undefined) return undefined
  // A key belongs to its route: the same one elsewhere is another request.
  return { key: `${route}:${key}`, fingerprint: await fingerprintOf(whole) }
}

/** What a wire of a provider stores with its streams is the provider's to say. */
function withFactsOf<Raw>(parts: ResourceParts<Raw>, route: StartRoute, body: StartBody): StartBody {
  const provider = providerOf(parts, route)
  return provider ? { ...body, facts: provider.factsOf(body.body, body.facts.created) } : body
}

function providerOf<Raw>({ providers }: ResourceParts<Raw>, route: StartRoute): Provider | undefined {
  return route === 'chat' || route === 'native' ? undefined : providers.get(route)
}

function wireOf<Raw>(parts: ResourceParts<Raw>, route: StartRoute): Wire {
  return providerOf(parts, route)?.wire ?? (route === 'native' ? nativeSse : openAiChat)
}
