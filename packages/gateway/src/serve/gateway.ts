import type { AddressInfo } from 'node:net'

import { createMemoryStore, createSluice, type Sluice, SluiceError, type Store } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import type { CorsOptions } from '@sluice/http'
import { redisStore } from '@sluice/redis'
import { DEFAULT_OPEN_AI_CHAT_LIMITS, openAiChatSource } from '@sluice/wires/openai'
import createFastify, { type FastifyInstance } from 'fastify'

import { createDemoRunner } from '../demo-runner/demo-runner.ts'
import { loadTokenizer } from '../demo-runner/tokenizer.ts'
import { mountGrpc } from './grpc.ts'
import { createIdentify, keyForUpstream } from './identify.ts'
import { GatewayMetrics } from './gateway-metrics.ts'
import type { GatewayOptions, LogLevel } from '../options/option-table.ts'
import { upstreamFetch } from './upstream-fetch.ts'
import { mountUpstream, refuse } from './upstream-proxy.ts'
import { createTicketIssuer, isForSocket, mountWebSocket, type RunnerFor } from './web-socket.ts'

const MOUNT = '/v1'
const SOCKETS = `${MOUNT}/ws`
const TICKETS = `${MOUNT}/tickets`
const MAX_BODY_BYTES = 32 * 1024 * 1024
/** A chunk of the backend's, with an image in it, as it is written here: twice what is taken of one. */
const MAX_DATA_BYTES = 2 * DEFAULT_OPEN_AI_CHAT_LIMITS.maxChunkBytes

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
 * Starts the ready-made server: streams in front of an OpenAI-compatible backend, or of the demo runner.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const gateway = await startGateway(parseGatewayOptions(['--port', '0'], process.env))
 * ```
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const store = options.redis === undefined ? createMemoryStore() : await connectRedis(options.redis)
  const metrics = new GatewayMetrics()
  const sluice = createSluice({
    store,
    stream: { onDisconnect: options.onDisconnect, maxDataBytes: MAX_DATA_BYTES },
    reader: { rotateAfterMs: options.rotateAfterMs },
    limits: limitsFor(options.auth),
    observers: [metrics],
  })
  const app = createFastify({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    http: { shouldUpgradeCallback: (request) => isForSocket(request, SOCKETS) },
    // Requests are logged at `info`, which only `debug` shows.
    logger: { level: LEVELS[options.log], stream: process.stderr },
  })
  const identify = createIdentify(options.auth)
  const runnerFor = createRunner(options)
  const desk = createTicketIssuer()
  app.register(sluicePlugin, {
    sluice,
    identify(request) {
      const principal = identify(request)
      if (principal && request.url === TICKETS) desk.remember(principal, request.headers.authorization)
      return principal
    },
    mount: MOUNT,
    runner: (body, { request }) => runnerFor(body, request.header('authorization')),
    tickets: desk.tickets,
    cors: corsFor(options.corsOrigin),
    maxBodyBytes: MAX_BODY_BYTES,
    drainMs: options.drainMs,
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'There is nothing at this path.', 'not_found'))
  mountHealth(app, sluice, metrics)
  const sockets = mountWebSocket(app, SOCKETS, { sluice, options, desk, runnerFor })
  const grpc = mountGrpc(app, { sluice, options, identify, runnerFor })
  mountUpstream(app, MOUNT, options, () => createDemoRunner().models())
  // A first answer that waits for the vocabulary to load would say nothing of a first token.
  if (options.upstream === undefined) await loadTokenizer()
  await app.listen({ port: options.port, host: options.host })
  try {
    await grpc.listen()
  } catch (error) {
    await app.close()
    throw error
  }
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    grpc.stopServing()
    await Promise.all([
      sluice.drain({ withinMs: options.drainMs }),
      // Later than the streams, so that their readers hear how they ended.
      sockets.drain({ withinMs: options.drainMs + CLOSE_GRACE_MS }),
    ])
    await Promise.all([grpc.close(), closeServer(app)])
    await store.dispose()
  }
  return {
    url: urlOf(app, options.host),
    grpcAddress: grpc.address,
    sluice,
    close: () => (closing ??= closeAll()),
  }
}

/** @throws SluiceError `SLUICE_ERR_OPTION` when nothing usable answers there */
async function connectRedis(url: string): Promise<Store> {
  const store = redisStore(url)
  try {
    await store.ready()
    return store
  } catch (error) {
    await store.dispose()
    const reason = error instanceof Error ? error.message : String(error)
    throw new SluiceError(
      'SLUICE_ERR_OPTION',
      `The Redis of --redis (SLUICE_REDIS_URL) cannot be used: ${reason} Start it, correct the URL, or leave the option out to keep streams in memory.`,
    )
  }
}

/** How long what is queued for slow readers, or on its way from the backend, may take once all streams have ended. */
const CLOSE_GRACE_MS = 5_000
const SWEEP_MS = 50

async function closeServer(app: FastifyInstance): Promise<void> {
  const giveUp = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS)
  // A connection that was busy when the server closed is kept alive afterwards, for nothing.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(giveUp)
    clearInterval(sweep)
  }
}

function corsFor(origins: readonly string[]): CorsOptions | undefined {
  if (origins.length === 0) return undefined
  return { origins: origins.includes('*') ? '*' : origins }
}

const LEVELS: Readonly<Record<LogLevel, string>> = { quiet: 'silent', info: 'warn', debug: 'debug' }

/** With `none` everybody is one owner, and with `bearer` an owner may be a whole application. */
function limitsFor(auth: GatewayOptions['auth']): {
  streamsPerOwner: number
  startsPerSecond: number
  startBurst: number
} {
  return auth === 'none'
    ? { streamsPerOwner: 10_000, startsPerSecond: 10_000, startBurst: 10_000 }
    : { streamsPerOwner: 1_000, startsPerSecond: 200, startBurst: 1_000 }
}

function createRunner(options: GatewayOptions): RunnerFor {
  const { upstream } = options
  if (upstream === undefined) {
    const demo = createDemoRunner()
    return (body) => demo.chat(body as Parameters<typeof demo.chat>[0])
  }
  return (body, authorization) =>
    openAiChatSource({
      baseUrl: upstream,
      apiKey: keyForUpstream(options, authorization),
      body: body as Parameters<typeof openAiChatSource>[0]['body'],
      fetch: upstreamFetch,
    })
}

function mountHealth(app: FastifyInstance, sluice: Sluice, metrics: GatewayMetrics): void {
  app.get('/healthz', () => ({ status: 'alive' }))
  app.get('/readyz', (_request, reply) => {
    const { draining, store } = sluice.stats()
    const status = draining ? 'draining' : store.health === 'ok' ? 'ready' : `store ${store.health}`
    return reply.code(status === 'ready' ? 200 : 503).send({ status })
  })
  app.get('/metrics', (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.text(sluice.stats())),
  )
}

function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
