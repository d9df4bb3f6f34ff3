import type { Server } from 'node:http'

import {
  DEFAULT_DRAIN_MS,
  type Sluice,
  SluiceError,
  type Source,
  type StreamIdentity,
  type TokenStream,
} from '@sluice/core'
import {
  createStreamResource,
  type HttpRequest,
  type Identify,
  type MountOptions,
  requireMount,
  type Runner,
  type StreamResource,
  type StreamResourceOptions,
} from '@sluice/http'
import { toHttpRequest } from '@sluice/http/node'
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import createPlugin from 'fastify-plugin'

import { replyTokens, type ReplyTokensOptions } from './reply-tokens.ts'
import { sendReply } from './send-reply.ts'

/** Options of {@link sluicePlugin}. */
export interface SluicePluginOptions
  extends Omit<StreamResourceOptions<FastifyRequest>, 'identify' | 'sluice' | 'runner'>, MountOptions {
  sluice: Sluice
  /** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify: Identify<FastifyRequest>
  /** Path the streams are mounted below, in the scope of the plugin: `/v1` gives `/v1/streams`. Default: the root. */
  mount?: string | undefined
  /** Makes the sources of what clients start over HTTP. Without it only your own routes start streams. */
  runner?: Runner<FastifyRequest> | undefined
  /** Largest request body, in bytes. Default 1 MiB. */
  maxBodyBytes?: number | undefined
  /** Is told what a source threw, of which readers are told no more than they may know. Default: it is logged as an error. */
  onSourceError?: ((error: unknown, stream: StreamIdentity) => void) | undefined
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
    try {
      mountPlugin(app, options)
      return done()
    } catch (error) {
      // What is thrown here, Fastify does not catch.
      return done(error as Error)
    }
  },
  { name: '@sluice/fastify', fastify: '5.x' },
)

function mountPlugin(app: FastifyInstance, options: SluicePluginOptions): void {
  const { sluice, identify, drainMs = DEFAULT_DRAIN_MS } = options
  if (app.hasDecorator('sluice')) {
    const message =
      'The plugin is registered here already: once is enough for all scopes below, and siblings have one each.'
    throw new SluiceError('SLUICE_ERR_OPTION', message)
  }
  const mounted = mountedAt(app, options)
  let isClosing = false
  // A connection that was busy when the server closed would be kept alive afterwards, for nothing.
  const responseOver = (): void => {
    if (isClosing) (app.server as Partial<Server>).closeIdleConnections?.()
  }
  const resource = createStreamResource<FastifyRequest>({
    ...options,
    onError: options.onError ?? ((error, { raw }) => raw.log.error(error)),
  })
  const onSourceError =
    options.onSourceError ??
    ((err, { id }) => app.log.error({ err, stream: id }, 'The source of a stream has thrown an error'))
  const unobserve = sluice.observe({
    failed: (stream, { where, error }) => void (where === 'source' && stream && onSourceError(error, stream)),
  })
  app.decorate('sluice', sluice)
  app.decorateReply('tokens', function tokens(this: FastifyReply, source, tokensOptions) {
    return replyTokens({ sluice, mounted, identify, responseOver }, this, source, tokensOptions)
  })
  const drain = (): Promise<void> => sluice.drain({ withinMs: drainMs })
  app.addHook('preClose', () => {
    isClosing = true
    return atMost(drain(), sluice, hookPatienceMs(app))
  })
  app.addHook('onClose', () => drain().finally(unobserve))
  // Routes live in a scope of their own: they read bodies themselves, which must not change the application's parsers.
  void app.register((scope, _options, scopeDone) => {
    try {
      mountResource(scope, resource, { ...options, mounted, responseOver })
      scopeDone()
    } catch (error) {
      scopeDone(error as Error)
    }
  })
}

/** The whole path of the mount: the scope's prefix is part of what a request says. @throws SluiceError `SLUICE_ERR_OPTION` */
function mountedAt(app: FastifyInstance, options: SluicePluginOptions): MountOptions {
  const { mount = '', publicMount } = options
  if ((options as { prefix?: string }).prefix !== undefined) {
    throw new SluiceError('SLUICE_ERR_OPTION', 'The option "prefix" has no effect on this plugin; say "mount".')
  }
  requireMount(options)
  return { mount: app.prefix + mount, publicMount }
}

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

interface ResourceMount extends SluicePluginOptions {
  mounted: MountOptions
  responseOver: () => void
}

/** A response that was started here. */
const OWN_RESPONSE = ':ref(^resp_[0-9a-z]{26}$)'

function mountResource(
  scope: FastifyInstance,
  resource: StreamResource<FastifyRequest>,
  { mount = '', mounted, maxBodyBytes, runner, providers, extensions, tickets, responseOver }: ResourceMount,
): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const asked: HttpRequest<FastifyRequest> = {
      ...toHttpRequest(request.raw, reply.raw, { ...mounted, maxBodyBytes }),
      raw: request,
    }
    const { begun, over } = sendReply(reply, await resource.handle(asked))
    over.then(responseOver, (error: unknown) => request.log.error(error))
    await begun
  }
  const paths = ['/streams', '/streams/:ref', '/streams/:ref/:verb']
  if (runner) paths.push('/chat/completions')
  if (runner && providers?.some(({ format }) => format === 'messages')) paths.push('/messages')
  // A response with another id than ours is somebody else's.
  if (runner && providers?.some(({ format }) => format === 'responses'))
    paths.push('/responses', `/responses/${OWN_RESPONSE}`, `/responses/${OWN_RESPONSE}/cancel`)
  if (tickets) paths.push('/tickets')
  for (const { paths: begins } of extensions ?? []) paths.push(...begins, ...begins.map((begin) => `${begin}/*`))
  for (const path of paths) {
    scope.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: `${mount}${path}`, handler })
  }
}
