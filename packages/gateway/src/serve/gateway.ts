import type { AddressInfo } from 'node:net'

import { createSluice, type Sluice } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import { messagesProvider, responsesProvider } from '@sluice/http/providers'
import type { FastifyInstance } from 'fastify'

import { mountApiRoutes } from '../passing/api-routes.ts'
import { closeServer } from './close-server.ts'
import { createApp } from './create-app.ts'
import { createDemoRunner } from '../demo-runner/demo-runner.ts'
import { createFrontDoor, refusalOf, requestIdOf, responseTo } from '../door/front-door.ts'
import type { PageRules } from '../door/pages.ts'
import { pathOf } from '../door/request-words.ts'
import { corsFor, hostsOf } from './page-options.ts'
import { createIdentify } from './identify.ts'
import { createLateHeaders } from './late-headers.ts'
import { createLog } from '../log/log.ts'
import { credentialOf } from '../upstream/backend-key.ts'
import { FailureLog } from '../upstream/failure-log.ts'
import { mountGrpc } from './grpc.ts'
import { GatewayMetrics } from './gateway-metrics.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { loadTokenizer } from '../demo-runner/tokenizer.ts'
import { logStoreHealth, openStore } from './open-store.ts'
import { backendResponseId } from '../asking/previous-response.ts'
import { createRunner, openBackend, probe } from './open-backend.ts'
import { openRecording } from './open-recording.ts'
import { mountOperatorRoutes } from './operator-routes.ts'
import { sluiceOptionsFor } from './sluice-options.ts'
import { openTicketDesk } from './ticket-desk.ts'
import { isForSocket, mountWebSocket } from './web-socket.ts'
import { writeToStandardError } from '../log/standard-error.ts'

const MOUNT = '/v1'
const SOCKETS = `${MOUNT}/ws`
const TICKETS = `${MOUNT}/tickets`
/** What is ours below the mount, and never the backend's. */
const OWN_PATHS = ['/streams', '/chat/completions', '/tickets', '/ws']
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
  const log = createLog({ level: options.log, format: options.logFormat, write: writeToStandardError })
  const store = await openStore(options, log)
  opened.push(() => store.dispose())
  const metrics = new GatewayMetrics()
  const failures = new FailureLog(log)
  const recording = options.record === undefined ? undefined : await openRecording(options.record, log)
  opened.push(() => recording?.close())
  const sluice = createSluice({
    store,
    ...sluiceOptionsFor(options),
    transforms: recording ? [recording.transform] : [],
    observers: [metrics, failures, ...(recording ? [recording.observer] : [])],
  })
  const after = (ms: number, task: () => void): (() => void) => sluice.after(ms, task)
  opened.push(logStoreHealth(store, log, after))
  const backend = openBackend(options, { log, after })
  opened.push(() => backend?.close())
  const identify = createIdentify(options.auth)
  const runnerFor = createRunner(options, { backend, failures })
  const desk = await openTicketDesk(options, store)
  const servicePaths = new Set<string>()
  const pages: PageRules = {
    cors: corsFor(options.corsOrigin),
    isForPages: (path) => path.startsWith(`${MOUNT}/`) || servicePaths.has(path),
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
    runner(body, { request, principal, format }) {
      const { headers, raw } = request.raw
      const response = responseTo(raw)
      return runnerFor(body, {
        headers,
        authorization: credentialOf(headers),
        format,
        backendIdOf: (id) => backendResponseId(sluice, id, principal),
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
  const sockets = mountWebSocket(app, SOCKETS, {
    sluice,
    options,
    desk,
    runnerFor,
    refusalOf: (request) => refusalOf(request, pages),
  })
  opened.push(() => sockets.close())
  const grpc = mountGrpc(app, { sluice, options, identify, runnerFor })
  for (const path of grpc.paths) servicePaths.add(path)
  mountApiRoutes(app, {
    mount: MOUNT,
    identify,
    passing: backend && {
      backend,
      options,
      rules: { mount: MOUNT, basePath: backend.basePath, ownPaths: OWN_PATHS, ownPatterns: OWN_PATTERNS },
      log,
      bodies: sluice.bodies,
      limits: { after, silenceMs: options.upstreamSilenceMs, stallMs: options.stallMs },
    },
    models: () => createDemoRunner().models(),
  })
  // A first answer that waits for the vocabulary to load would say nothing of a first token.
  if (options.upstream === undefined) await loadTokenizer()
  await app.listen({ port: options.port, host: options.host })
  opened.push(() => grpc.close())
  await grpc.listen()
  opened.push(probe(options, { backend, log, after }))
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    grpc.stopServing()
    await Promise.all([
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
