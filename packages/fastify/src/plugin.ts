import type { Server } from 'node:http'

import type { Sluice, Source, TokenStream } from '@sluice/core'
import { DEFAULT_DRAIN_MS } from '@sluice/core'
import {
  createStreamResource,
  type HttpRequest,
  type Identify,
  type Runner,
  type StreamResource,
  type StreamResourceOptions,
} from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import createPlugin from 'fastify-plugin'

import { replyTokens, type ReplyTokensOptions, takeOver } from './reply-tokens.ts'

/** Options of {@link sluicePlugin}. */
export interface SluicePluginOptions extends Omit<
  StreamResourceOptions<FastifyRequest>,
  'identify' | 'sluice' | 'runner'
> {
  sluice: Sluice
  /** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify: Identify<FastifyRequest>
  /** Path the streams are mounted below: `/v1` gives `/v1/streams`. Default: the root. */
  mount?: string | undefined
  /** Makes the sources of what clients start over HTTP. Without it only your own routes start streams. */
  runner?: Runner<FastifyRequest> | undefined
  /** Largest request body, in bytes. Default 1 MiB. */
  maxBodyBytes?: number | undefined
  /** How long running streams are let run when the server closes, in milliseconds. Default 25,000. */
  drainMs?: number | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The sluice of this server. */
    readonly sluice: Sluice
  }
  interface FastifyReply {
    /**
     * Answers with a stream. A request that carries a cursor attaches, and `source` is never called. Resolves once the
     * response has opened; with `undefined` when it was answered without a stream (refused, or nothing left to read).
     */
    tokens(source: Source, options?: ReplyTokensOptions): Promise<TokenStream | undefined>
  }
}

/**
 * Mounts the stream resource (attach, info, cancel, ack, send, erase) and adds `reply.tokens`.
 *
 * @example
 * ```ts
 * app.register(sluicePlugin, { sluice, identify: (request) => ({ owner: request.user.id }) })
 * app.post<{ Body: { prompt: string } }>('/chat', ({ body }, reply) =>
 *   reply.tokens(({ signal }) => runner.generate(body.prompt, { signal })))
 * ```
 */
export const sluicePlugin: FastifyPluginCallback<SluicePluginOptions> = createPlugin(
  (app: FastifyInstance, options: SluicePluginOptions, done: (error?: Error) => void) => {
    const { sluice, identify, mount = '', drainMs = DEFAULT_DRAIN_MS } = options
    let isClosing = false
    // A connection that was busy when the server closed would be kept alive afterwards, for nothing.
    const responseOver = (): void => {
      if (isClosing) (app.server as Partial<Server>).closeIdleConnections?.()
    }
    let resource: StreamResource<FastifyRequest>
    try {
      resource = createStreamResource<FastifyRequest>({
        ...options,
        onError: options.onError ?? ((error, { raw }) => raw.log.error(error)),
      })
    } catch (error) {
      // What is thrown here, Fastify does not catch.
      return done(error as Error)
    }
    app.decorate('sluice', sluice)
    app.decorateReply('tokens', function tokens(this: FastifyReply, source, tokensOptions) {
      return replyTokens({ sluice, mount, identify, responseOver }, this, source, tokensOptions)
    })
    const drain = (): Promise<void> => sluice.drain({ withinMs: drainMs })
    app.addHook('preClose', () => {
      isClosing = true
      return atMost(drain(), sluice, hookPatienceMs(app))
    })
    app.addHook('onClose', drain)
    // Routes live in a scope of their own: they read bodies themselves, which must not change the application's parsers.
    void app.register((scope, _options, scopeDone) => {
      mountResource(scope, resource, { ...options, mount, responseOver })
      scopeDone()
    })
    return done()
  },
  { name: '@sluice/fastify', fastify: '5.x' },
)

/** Part of the time Fastify gives a hook that is used: over it, `close()` would reject. */
const HOOK_SHARE = 0.8

/** How long a `preClose` hook may take; what streams need beyond that, the closing server waits for by itself. */
function hookPatienceMs({ initialConfig }: FastifyInstance): number {
  const { pluginTimeout = 10_000 } = initialConfig
  return pluginTimeout === 0 ? Infinity : pluginTimeout * HOOK_SHARE
}

function atMost(work: Promise<void>, sluice: Sluice, ms: number): Promise<void> {
  if (ms === Infinity) return work
  return new Promise((resolve, reject) => {
    const callOff = sluice.after(ms, resolve)
    work.then(resolve, reject).finally(callOff)
  })
}

function mountResource(
  scope: FastifyInstance,
  resource: StreamResource<FastifyRequest>,
  {
    mount,
    maxBodyBytes,
    runner,
    tickets,
    responseOver,
  }: SluicePluginOptions & { mount: string; responseOver: () => void },
): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const asked: HttpRequest<FastifyRequest> = {
      ...toHttpRequest(request.raw, reply.raw, { mount, maxBodyBytes }),
      raw: request,
    }
    const plan = await resource.handle(asked)
    takeOver(reply)
    await sendPlan(reply.raw, plan)
    responseOver()
  }
  const paths = ['/streams', '/streams/:ref', '/streams/:ref/:verb']
  if (runner) paths.push('/chat/completions')
  if (tickets) paths.push('/tickets')
  for (const path of paths) {
    scope.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: `${mount}${path}`, handler })
  }
}
