import type { AddressInfo } from 'node:net'

import type { Sluice } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import { messagesProvider, responsesProvider } from '@sluice/http/providers'
import { uiMessageStream } from '@sluice/wires/ai-sdk'
import type { FastifyInstance } from 'fastify'

import { mountApiRoutes } from '../passing/api-routes.ts'
import { closeServer } from './close-server.ts'
import { createApp } from './create-app.ts'
import { createDemoRunner } from '../demo-runner/demo-runner.ts'
import { createFrontDoor, refusalOf, requestIdOf, responseTo } from '../door/front-door.ts'
import type { PageRules } from '../door/pages.ts'
import { pathOf } from '../door/request-words.ts'
import { corsFor, hostsOf, servesPage } from './page-options.ts'
import { createIdentify } from './identify.ts'
import { createLateHeaders } from './late-headers.ts'
import { credentialOf } from '../upstream/backend-key.ts'
import { isGrpcPath, mountGrpc } from './grpc.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { loadTokenizer } from '../demo-runner/tokenizer.ts'
import { backendResponseId } from '../asking/previous-response.ts'
import { itemsIn } from '../asking/stored-items.ts'
import { probe } from '../engine/open-backend.ts'
import { openEngine } from '../engine/open-engine.ts'
import { mountOperatorRoutes } from './operator-routes.ts'
import { openPage } from '../page/page-routes.ts'
import { openTicketDesk } from './ticket-desk.ts'
import { isForSocket, mountWebSocket } from './web-socket.ts'
import { keepsBatches, refusalOfUpload } from '../jobs/refused-batches.ts'
import { mountLiveRoute } from '../watching/live-route.ts'

const MOUNT = '/v1'
const SOCKETS = `${MOUNT}/ws`
const TICKETS = `${MOUNT}/tickets`
/** Below the mount: what was seen of one's own streams. */
const LIVE = '/live'
/** What is ours below the mount, and never the backend's. */
const OWN_PATHS = [
  '/streams',
  '/chat/completions',
  '/tickets',
  '/ws',
  '/jobs',
  '/operations',
  '/webhooks',
  '/batches',
  '/messages/batches',
  LIVE,
]
/** What else is below them, such as `/messages/count_tokens`, is the backend's. */
const OWN_PATTERNS = [/^\/messages$/, /^\/responses$/, /^\/responses\/resp_[0-9a-z]{26}(?:\/|$)/]

/** A gateway that listens. */
export interface RunningGateway {
  readonly url: string
  /** Where gRPC is served; nothing when that is off. */
  readonly grpcAddress: string | undefined
  readonly sluice: Sluice
  /** Drains, then closes: new streams are refused at once, running ones have `drainMs`. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts the ready-made server: streams in front of an OpenAI-compatible backend, or of the demo runner. A start that fails
 * leaves nothing open.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const gateway = await startGateway(parseGatewayOptions(['--port', '0'], process.env))
 * ```
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const opened: (() => unknown)[] = []
  try {
    return await start(options, opened)
  } catch (error) {
    for (const close of opened.reverse()) await close()
    throw error
  }
}

/** `opened` is given what closes each part, in the order in which they were opened. */
async function start(options: GatewayOptions, opened: (() => unknown)[]): Promise<RunningGateway> {
  const engine = await openEngine(options, { opened, serves: true })
  const { log, store, metrics, own, sluice, backend, runnerFor, jobs, after } = engine
  const identify = createIdentify(options.auth)
  const keepsFiles = keepsBatches(options)
  const desk = await openTicketDesk(options, store)
  const pages: PageRules = {
    cors: corsFor(options.corsOrigin),
    isForPages: (path) => path.startsWith(`${MOUNT}/`) || isGrpcPath(path),
    hosts: hostsOf(options),
  }
  const app = createApp({
    options,
    log,
    door: (serve) => createFrontDoor({ log, ...pages, isKnown: (request) => identify(request) !== undefined }, serve),
    isForSocket: (request) => isForSocket(request, SOCKETS),
    bodies: sluice.bodies,
  })
  opened.push(() => app.close())
  app.register(sluicePlugin, {
    sluice,
    identify(request) {
      const principal = identify(request)
      if (principal && options.auth === 'bearer' && pathOf(request.raw) === TICKETS)
        desk.remember(principal, credentialOf(request.headers))
      return principal
    },
    mount: MOUNT,
    publicMount: options.publicPrefix === undefined ? undefined : options.publicPrefix + MOUNT,
    providers: [responsesProvider, messagesProvider],
    wires: [uiMessageStream],
    extensions: jobs.routes,
    runner(body, { request, principal, format }) {
      const { headers, raw } = request.raw
      const response = responseTo(raw)
      return runnerFor(body, {
        headers,
        authorization: credentialOf(headers),
        format,
        backendIdOf: (id) => backendResponseId(sluice, id, principal),
        itemsOf: itemsIn(sluice, principal),
        bodyText: request.bodyBytes?.(),
        requestId: requestIdOf(raw),
        onAnswer: response && createLateHeaders(response),
      })
    },
    tickets: desk.tickets,
    // The log of failures has a line for it, with what is known of the backend.
    onSourceError() {},
    maxBodyBytes: options.maxBodyBytes,
    maxJsonBytes: options.maxJsonBytes,
    drainMs: options.drainMs,
  })
  mountOperatorRoutes(app, sluice, metrics)
  mountLiveRoute(app, { path: MOUNT + LIVE, identify, own, sluice, isAlone: options.auth === 'none' })
  if (servesPage(options)) openPage(app, log)
  const sockets = mountWebSocket(app, SOCKETS, {
    sluice,
    options,
    desk,
    runnerFor,
    refusalOf: (request) => refusalOf(request, pages),
  })
  opened.push(() => sockets.close())
  const grpc = mountGrpc(app, { sluice, options, identify, runnerFor })
  mountApiRoutes(app, {
    mount: MOUNT,
    identify,
    passing: backend && {
      backend,
      options,
      rules: {
        mount: MOUNT,
        basePath: backend.basePath,
        ownPaths: keepsFiles ? [...OWN_PATHS, '/files'] : OWN_PATHS,
        ownPatterns: OWN_PATTERNS,
      },
      log,
      bodies: sluice.bodies,
      limits: { after, silenceMs: options.upstreamSilenceMs, stallMs: options.stallMs },
    },
    models: () => createDemoRunner().models(),
    refusalOf: (request) => (keepsFiles ? undefined : refusalOfUpload(request, MOUNT)),
  })
  // A first answer that waits for the vocabulary to load would say nothing of a first token.
  if (options.upstream === undefined) await loadTokenizer()
  await app.listen({ port: options.port, host: options.host })
  jobs.work(urlOf(app, options.host))
  opened.push(() => grpc.close())
  await grpc.listen()
  opened.push(probe(options, { backend, log, after }))
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    grpc.stopServing()
    await Promise.all([
      // First: it would begin what the draining sluice refuses.
      jobs.stop(),
      sluice.drain({ withinMs: options.drainMs }),
      // Later than the streams, so that their readers hear how they ended.
      sockets.drain({ withinMs: options.drainMs + options.closeGraceMs }),
    ])
    await Promise.all([grpc.close(), closeServer(app, options.closeGraceMs)])
    for (const close of opened.reverse()) await close()
  }
  return {
    url: urlOf(app, options.host),
    grpcAddress: grpc.address,
    sluice,
    close: () => (closing ??= closeAll()),
  }
}

function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
