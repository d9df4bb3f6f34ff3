import type { DataEvents } from '@sluice/core'
import { invalidOption, requireInteger } from '@sluice/core/extend'

import { chooseRepresentation } from '../request/accept.ts'
import { DEFAULT_MAX_JSON_BYTES } from '../reading/json-answer.ts'
import { corsHeaders, preflightHeaders, resolveCors, type ResolvedCorsOptions, varyOf } from '../response/cors.ts'
import { isForgiving } from '../request/cursor-request.ts'
import { requireJsonType } from '../request/json-type.ts'
import { bodyOf } from '../request/safe-body.ts'
import type { HttpRequest } from '../request/http-request.ts'
import { type BodyPlan, emptyPlan, headOf, type Plan, withHeaders } from '../response/plan.ts'
import { notAllowedPlan, notHerePlan } from '../response/path-refusal.ts'
import { isMasked, wireErrorOf } from '../response/problem.ts'
import type { ExtensionAsked, ResourceExtension } from './extension.ts'
import { planFind, planRead, planReadOfAttempt } from './read-handlers.ts'
import { type ErrorStyle, toRefusalPlan } from '../reading/refusal.ts'
import type { IdentifiedRequest, ResourceParts } from './resource-parts.ts'
import type { StreamResourceOptions } from './resource-options.ts'
import { formatOf, matchRoute, methodsOf, providerOf, type Route } from './routes.ts'
import { planStart } from './start-handlers.ts'
import { planTicket, principalOf, requireTicketIssuer } from './ticket-handlers.ts'
import { planAck, planCancel, planErase, planSend } from './verb-handlers.ts'
import { resolveWires } from '../reading/wire-registry.ts'

/** Streams as a resource of HTTP, on whatever server. */
export interface StreamResource<Raw = unknown> {
  /** Whether a path below the mount is this resource's: what is not may be somebody else's. */
  owns(path: string): boolean
  /** The answer to a request. Never rejects. */
  handle(request: HttpRequest<Raw>): Promise<Plan>
}

/**
 * Streams as a resource: start, attach and resume, look at, cancel, erase, ack, send, below a mount of your choice.
 *
 * `GET /streams/{id or cursor}` with `Accept: application/x-ndjson` is a long-poll: the events after the cursor, a line of JSON
 * each, as soon as there are some, or no line when `Prefer: wait=N` (or `?wait=N`) seconds are over; at most 55 count. With
 * `Accept: application/json` the same `wait` is for the stream's next step. `Prefer: respond-async, wait=N` on a start: all of
 * the answer if it is there within N seconds, else 202.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const resource = createStreamResource({ sluice, identify: (request) => ({ owner: userOf(request) }) })
 * createServer(async (request, response) => {
 *   await sendPlan(response, await resource.handle(toHttpRequest(request, response, { mount: '/v1' })))
 * })
 * ```
 */
export function createStreamResource<Raw = unknown, Data extends DataEvents = DataEvents>(
  options: StreamResourceOptions<Raw, Data>,
): StreamResource<Raw> {
  return new Resource(options as StreamResourceOptions<Raw>)
}

class Resource<Raw> implements StreamResource<Raw> {
  readonly #options: StreamResourceOptions<Raw>
  readonly #parts: ResourceParts<Raw>
  readonly #cors: ResolvedCorsOptions | undefined

  constructor(options: StreamResourceOptions<Raw>) {
    const {
      sluice,
      identify,
      runner,
      wires = [],
      providers = [],
      extensions = [],
      tickets,
      cors,
      maxJsonBytes = DEFAULT_MAX_JSON_BYTES,
    } = options
    if (typeof identify !== 'function') {
      throw invalidOption('identify', identify, 'a function: who sends a request?')
    }
    requireInteger('maxJsonBytes', maxJsonBytes, 1, Number.MAX_SAFE_INTEGER)
    requireTicketIssuer(tickets)
    this.#options = options
    this.#parts = {
      sluice,
      runner,
      wires: resolveWires([...providers.map(({ wire }) => wire), ...wires]),
      providers: new Map(providers.map((provider) => [provider.format, provider])),
      later: extensions.find(({ later }) => later)?.later,
      maxJsonBytes,
    }
    this.#cors = resolveCors(cors)
  }

  owns(path: string): boolean {
    return this.#routeOf(path) !== undefined || this.#extensionOf(path) !== undefined
  }

  /** Bound, so that it can be handed on alone. */
  handle = async (request: HttpRequest<Raw>): Promise<Plan> => {
    const route = this.#routeOf(request.path)
    const extension = route ? undefined : this.#extensionOf(request.path)
    const shape = extension?.formatOf?.(request.path) ?? formatOf(route)
    const isStream = extension
      ? extension.streamsAt?.(request.path) === true
      : route !== undefined && isStreamRoute(route)
    const style: ErrorStyle = { shape, forgiving: isStream && isEventSourceLike(request) }
    let plan: Plan
    try {
      plan = await this.#answer(route ?? extension, request, style)
    } catch (error) {
      if (isMasked(error)) this.#report(error, request)
      plan = toRefusalPlan(wireErrorOf(error), style)
    }
    return this.#withCors(request.method === 'HEAD' ? headOf(plan) : plan, request)
  }

  async #answer(
    route: Route | ResourceExtension<Raw> | undefined,
    request: HttpRequest<Raw>,
    style: ErrorStyle,
  ): Promise<Plan> {
    if (!route) return notHerePlan()
    const isOwn = 'is' in route
    const methods = isOwn ? methodsOf(route, this.#parts.runner !== undefined) : route.methodsOf(request.path)!
    if (request.method === 'OPTIONS') return this.#preflight(request, methods)
    if (!methods.includes(request.method)) return notAllowedPlan([...methods, 'OPTIONS'].join(', '), style.shape)
    const { sluice } = this.#parts
    const { identify, tickets } = this.#options
    const sender = await principalOf({ sluice, identify, tickets }, isOwn ? route : undefined, request)
    const asked = { request, ...sender, style }
    return isOwn ? this.#dispatch(route, asked) : route.handle(this.#extended(asked))
  }

  #extended(asked: IdentifiedRequest<Raw>): ExtensionAsked<Raw> {
    const { request, principal } = asked
    const parts = this.#parts
    return {
      sluice: parts.sluice,
      request,
      principal,
      body: () => (requireJsonType(request), bodyOf(parts, request)),
      readStream: (id) => planReadOfAttempt(parts, asked, id),
    }
  }

  #extensionOf(path: string): ResourceExtension<Raw> | undefined {
    return this.#options.extensions?.find((extension) => extension.methodsOf(path) !== undefined)
  }

  #dispatch(route: Route, asked: IdentifiedRequest<Raw>): Plan | Promise<Plan> {
    const parts = this.#parts
    const { method } = asked.request
    switch (route.is) {
      case 'chat':
      case 'responses':
      case 'messages':
        return planStart(parts, asked, route.is)
      case 'response':
      case 'response-cancel':
        return this.#ofProvider(route, asked)
      case 'tickets':
        // Without them the route is not there.
        return planTicket(this.#options.tickets!, asked.principal)
      case 'streams':
        return method === 'POST' ? planStart(parts, asked, 'native') : planFind(parts, asked)
      case 'stream':
        return method === 'DELETE' ? planErase(parts, asked, route.ref) : planRead(parts, asked, route.ref)
      case 'cancel':
        return planCancel(parts, asked, route.ref)
      case 'ack':
        return planAck(parts, asked, route.ref)
      case 'send':
        return planSend(parts, asked, route.ref)
    }
  }

  #ofProvider(route: Route & { is: 'response' | 'response-cancel' }, asked: IdentifiedRequest<Raw>): Promise<Plan> {
    const { sluice, providers } = this.#parts
    const { request, principal } = asked
    // Without it the route is not there.
    const provider = providers.get('responses')!
    const what = { sluice, request, principal, id: route.ref }
    if (route.is === 'response-cancel') return provider.cancel!(what)
    return request.method === 'DELETE' ? provider.erase!(what) : provider.read!(what)
  }

  #routeOf(path: string): Route | undefined {
    const route = matchRoute(path)
    const provider = route && providerOf(route)
    if (provider && !this.#parts.providers.has(provider)) return undefined
    if ((route?.is === 'chat' || provider) && !this.#parts.runner) return undefined
    return route?.is === 'tickets' && !this.#options.tickets ? undefined : route
  }

  #preflight(request: HttpRequest<Raw>, methods: readonly string[]): BodyPlan {
    const allow = [...methods, 'OPTIONS']
    const isPreflight = this.#cors && request.header('access-control-request-method') !== undefined
    return emptyPlan(204, {
      allow: allow.join(', '),
      ...(isPreflight && this.#cors && preflightHeaders(this.#cors, request, methods)),
    })
  }

  #withCors(plan: Plan, request: HttpRequest<Raw>): Plan {
    if (!this.#cors) return plan
    const headers = request.method === 'OPTIONS' ? {} : corsHeaders(this.#cors, request)
    return withHeaders(plan, { ...headers, ...varyOf(this.#cors, plan.headers.vary) })
  }

  /** Contract 13: who is told of a failure makes none. */
  #report(error: unknown, request: HttpRequest<Raw>): void {
    try {
      this.#options.onError?.(error, request)
    } catch {
      // There is nobody left to tell.
    }
  }
}

function isStreamRoute({ is }: Route): boolean {
  return is === 'stream' || is === 'streams'
}

function isEventSourceLike(request: HttpRequest): boolean {
  return isForgiving(request) && chooseRepresentation(request.header('accept')) === 'stream'
}
