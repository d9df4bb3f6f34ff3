import type { Sluice, StreamIdentity } from '@sluice/core'
import {
  createStreamResource,
  type Identify,
  type MountOptions,
  planToResponse,
  requireMount,
  type StreamResourceOptions,
} from '@sluice/http'
import type { Context, MiddlewareHandler } from 'hono'

import { answerWith, readContext } from './read-context.ts'

/** Options of {@link sluiceRouter}. */
export interface SluiceRouterOptions extends Omit<StreamResourceOptions<Context>, 'identify' | 'sluice'>, MountOptions {
  sluice: Sluice
  /** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify: Identify<Context>
  /** Path the streams are mounted below, that of a `basePath` or `route` included: `/v1` gives `/v1/streams`. Default: the root. */
  mount?: string | undefined
  /** Largest request body that nobody has read before, in bytes. Default 1 MiB. */
  maxBodyBytes?: number | undefined
  /** Is told what a source threw, of which readers are told no more than they may know. */
  onSourceError?: ((error: unknown, stream: StreamIdentity) => void) | undefined
}

/**
 * Serves the stream resource (attach, info, cancel, ack, send, erase), and lets routes after it answer with `tokens`. What is not
 * the resource's goes on to them.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const router = sluiceRouter({ sluice, identify: () => ({ owner: 'everyone' }), mount: '/v1' })
 * ```
 */
export function sluiceRouter(options: SluiceRouterOptions): MiddlewareHandler {
  const { sluice, identify, mount = '', publicMount, maxBodyBytes, onSourceError } = options
  requireMount(options)
  const resource = createStreamResource<Context>(options)
  if (onSourceError) {
    sluice.observe({
      failed: (stream, { where, error }) => void (where === 'source' && stream && onSourceError(error, stream)),
    })
  }
  const asked = { mount, publicMount, maxBodyBytes }
  return async (context, next) => {
    const { pathname } = new URL(context.req.url)
    if (pathname.startsWith(`${mount}/`) && resource.owns(pathname.slice(mount.length))) {
      return answerWith(context, planToResponse(await resource.handle(readContext(context, asked))))
    }
    context.set('sluice', { sluice, identify, asked })
    return next()
  }
}
