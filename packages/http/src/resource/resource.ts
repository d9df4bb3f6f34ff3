import type { DataEvents, Sluice } from '@sluice/core'
import { invalidOption, requireInteger, type Wire } from '@sluice/core/extend'

import { chooseRepresentation } from '../request/accept.ts'
import { DEFAULT_MAX_JSON_BYTES } from '../reading/json-answer.ts'
import {
  corsHeaders,
  type CorsOptions,
  preflightHeaders,
  resolveCors,
  type ResolvedCorsOptions,
  varyOf,
} from '../response/cors.ts'
import { isForgiving } from '../request/cursor-request.ts'
import type { HttpRequest } from '../request/http-request.ts'
import type { Identify } from '../request/identify.ts'
import { type BodyPlan, emptyPlan, headOf, type Plan, withHeaders } from '../response/plan.ts'
import { notAllowedPlan, notHerePlan } from '../response/path-refusal.ts'
import { isMasked, wireErrorOf } from '../response/problem.ts'
import type { Provider } from './provider.ts'
import { planFind, planRead } from './read-handlers.ts'
import { type ErrorStyle, toRefusalPlan } from '../reading/refusal.ts'
import type { IdentifiedRequest, ResourceParts, Runner } from './resource-parts.ts'
import { formatOf, matchRoute, methodsOf, providerOf, type Route } from './routes.ts'
import { planStart } from './start-handlers.ts'
import { planTicket, principalOf, requireTicketIssuer, type TicketIssuer } from './ticket-handlers.ts'
import { planAck, planCancel, planErase, planSend } from './verb-handlers.ts'
import { resolveWires } from '../reading/wire-registry.ts'

/** Options of {@link createStreamResource}. */
export interface StreamResourceOptions<Raw = unknown, Data extends DataEvents = DataEvents> {
  sluice: Sluice<Data>
  /** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify: Identify<Raw>
  /** Makes the sources of what clients start. Without it streams are read, cancelled and so on, but not started. */
  runner?: Runner<Raw> | undefined
  /**
   * Other providers whose routes are served, too, and whose wires are spoken: those of `@sluice/http/providers`. The runner
   * is told of which format a body is. Default: none.
   */
  providers?: readonly Provider[] | undefined
  /** Wires beside the native one and the providers', for `?wire=` and for streams that were started on them. */
  wires?: readonly Wire[] | undefined
  /**
   * Serves `POST /tickets`, and takes `?ticket=` on attaching: for an `EventSource`, which cannot send headers. A ticket is
   * good for one request, so such a page opens another `EventSource`, with another ticket, to go on after a drop.
   */
  tickets?: TicketIssuer | undefined
  /** Pages of which other origins may use the resource. Default: none. */
  cors?: CorsOptions | undefined
  /**
   * Largest answer that is collected to one JSON body, in bytes.
   *
   * @defaultValue 4194304
   */
  maxJsonBytes?: number | undefined
  /** Is told what clients are not: failures that are answered with a 500 and no further word. */
  onError?: ((error: unknown, request: HttpRequest<Raw>) => void) | undefined
}

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
      maxJsonBytes,
    }
    this.#cors = resolveCors(cors)
  }

  owns(path: string): boolean {
    return this.#routeOf(path) !== undefined
  }

  /** Bound, so that it can be handed on alone. */
  handle = async (request: HttpRequest<Raw>): Promise<Plan> => {
    const route = this.#routeOf(request.path)
    const style: ErrorStyle = { shape: formatOf(route), forgiving: isEventSourceLike(route, request) }
    let plan: Plan
    try {
      plan = route ? await this.#answer(route, request, style) : notHerePlan()
    } catch (error) {
      if (isMasked(error)) this.#report(error, request)
      plan = toRefusalPlan(wireErrorOf(error), style)
    }
    return this.#withCors(request.method === 'HEAD' ? headOf(plan) : plan, request)
  }

  async #answer(route: Route, request: HttpRequest<Raw>, style: ErrorStyle): Promise<Plan> {
    const methods = methodsOf(route, this.#parts.runner !== undefined)
    if (request.method === 'OPTIONS') return this.#preflight(request, methods)
    if (!methods.includes(request.method)) return notAllowedPlan([...methods, 'OPTIONS'].join(', '), style.shape)
    const { sluice } = this.#parts
    const { identify, tickets } = this.#options
    const sender = await principalOf({ sluice, identify, tickets }, route, request)
    return this.#dispatch(route, { request, ...sender, style })
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

function isEventSourceLike(route: Route | undefined, request: HttpRequest): boolean {
  if (route?.is !== 'stream' && route?.is !== 'streams') return false
  return isForgiving(request) && chooseRepresentation(request.header('accept')) === 'stream'
}
