import type { Sluice, Source, StreamIdentity, TokenStream } from '@sluice/core'
import {
  createStreamResource,
  type Identify,
  type MountOptions,
  requireMount,
  type StreamResourceOptions,
} from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import type { Request, RequestHandler } from 'express'

import { responseTokens, type ResponseTokensOptions } from './response-tokens.ts'

/** Options of {@link sluiceRouter}. */
export interface SluiceRouterOptions extends Omit<StreamResourceOptions<Request>, 'identify' | 'sluice'>, MountOptions {
  sluice: Sluice
  /** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify: Identify<Request>
  /** Path the streams are mounted below, where the router is used: `/v1` gives `/v1/streams`. Default: the root. */
  mount?: string | undefined
  /** Largest request body that no parser of yours has read, in bytes. Default 1 MiB. */
  maxBodyBytes?: number | undefined
  /** Is told what a source threw, of which readers are told no more than they may know. */
  onSourceError?: ((error: unknown, stream: StreamIdentity) => void) | undefined
}

declare global {
  // eslint-disable-next-line typescript/no-namespace -- Express is extended by its global namespace.
  namespace Express {
    interface Response {
      /**
       * Answers with a stream. A request that carries a cursor attaches, and `source` is never called. Resolves once the
       * response has opened; with `undefined` when it was answered without a stream (refused, or nothing left to read).
       */
      tokens(source: Source, options?: ResponseTokensOptions): Promise<TokenStream | undefined>
    }
  }
}

/**
 * Serves the stream resource (attach, info, cancel, ack, send, erase) and adds `response.tokens` for the routes after it. What
 * is not the resource's goes on to them.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const router = sluiceRouter({ sluice, identify: (request) => ({ owner: request.get('x-user') ?? '' }) })
 * ```
 */
export function sluiceRouter(options: SluiceRouterOptions): RequestHandler {
  const { sluice, identify, mount = '', publicMount, maxBodyBytes, onSourceError } = options
  requireMount(options)
  const resource = createStreamResource<Request>(options)
  if (onSourceError) {
    sluice.observe({
      failed: (stream, { where, error }) => void (where === 'source' && stream && onSourceError(error, stream)),
    })
  }
  return (request, response, next) => {
    // The path of the router's own use is part of what clients see.
    const mounted = { mount: request.baseUrl + mount, publicMount }
    response.tokens = (source, tokensOptions) =>
      responseTokens({ sluice, identify, mounted }, response, source, tokensOptions)
    const { path } = request
    if (!path.startsWith(`${mount}/`) || !resource.owns(path.slice(mount.length))) return next()
    // Not `originalUrl`: an application may have rewritten what was sent.
    const url = request.baseUrl + request.url
    const asked = toHttpRequest(request, response, { ...mounted, maxBodyBytes, url })
    // Express takes what this rejects with.
    return resource.handle(asked).then((plan) => sendPlan(response, plan))
  }
}
