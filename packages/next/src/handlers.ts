import type { Sluice, Source } from '@sluice/core'
import { invalidOption } from '@sluice/core/extend'
import { createStreamResource, planToResponse, requireMount, type StreamResource, toHttpRequest } from '@sluice/http'
import type { NextRequest } from 'next/server.js'

import type { SluiceHandlersOptions } from './handlers-options.ts'
import { keepAlive } from './keep-alive.ts'
import { sluiceOfProcess } from './process-sluice.ts'
import { routeTokens, type RouteTokensOptions } from './route-tokens.ts'

/** A route handler. */
export type RouteHandler = (request: NextRequest) => Promise<Response>

/** What {@link sluiceHandlers} gives: handlers for the catch-all route, and what other routes answer with. */
export interface SluiceHandlers {
  readonly GET: RouteHandler
  readonly POST: RouteHandler
  readonly DELETE: RouteHandler
  /** Needed where `cors` is given; Next.js answers it by itself else. */
  readonly OPTIONS: RouteHandler
  /**
   * Answers a route of your own with a stream. A request that carries a cursor attaches, and `source` is never called. After
   * the request, the function is kept alive until the stream is settled, where the platform can do that.
   */
  tokens(request: NextRequest, source: Source, options?: RouteTokensOptions): Promise<Response>
  /** The sluice of this process, made now if it was not there: for `instrumentation.ts`, jobs and tests. */
  sluice(): Sluice
}

/**
 * The stream resource (attach, info, cancel, ack, send, erase) as handlers of a catch-all route, and `tokens` for routes of your own.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const streams = sluiceHandlers({ sluice: () => createSluice(), identify: () => ({ owner: 'everyone' }), mount: '/v1' })
 * const { GET, POST, DELETE } = streams // export const, in app/v1/[...sluice]/route.ts
 * ```
 */
export function sluiceHandlers(options: SluiceHandlersOptions): SluiceHandlers {
  const { identify, mount, publicMount, maxBodyBytes } = options
  requireMount(options)
  for (const name of ['sluice', 'identify'] as const) {
    if (typeof options[name] !== 'function') throw invalidOption(name, options[name], 'a function')
  }
  // Not now: a build loads every route, and must not reach for a store.
  let found: { sluice: Sluice; resource: StreamResource<NextRequest> } | undefined
  const parts = (): { sluice: Sluice; resource: StreamResource<NextRequest> } => {
    if (found) return found
    const sluice = sluiceOfProcess(options)
    return (found = { sluice, resource: createStreamResource<NextRequest>({ ...options, sluice }) })
  }
  const asked = { mount, publicMount, maxBodyBytes, waitUntil: keepAlive }
  const handle: RouteHandler = async (request) => {
    const plan = await parts().resource.handle({ ...toHttpRequest(request, asked), raw: request })
    return planToResponse(plan)
  }
  return {
    GET: handle,
    POST: handle,
    DELETE: handle,
    OPTIONS: handle,
    tokens: (request, source, tokensOptions) =>
      routeTokens({ sluice: parts().sluice, identify, asked }, request, source, tokensOptions),
    sluice: () => parts().sluice,
  }
}
