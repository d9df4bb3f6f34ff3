import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'

import { DEFAULT_DRAIN_MS } from '@sluice/core'
import { requireInteger, requireKnownNames } from '@sluice/core/extend'

import { keepAlive } from './call/keep-alive.ts'
import { type GrpcHandler, type GrpcHandlerOptions, handlerOf } from './call/node-handler.ts'
import { ROUTES_OPTION_NAMES } from './service/routes.ts'

/** Options of {@link createGrpcServer}. */
export interface GrpcServerOptions extends Omit<GrpcHandlerOptions, 'shutdownSignal'> {
  /**
   * Port to listen on; 0 takes any free one.
   *
   * @defaultValue 50051
   */
  port?: number | undefined
  /**
   * Address to listen on.
   *
   * @defaultValue '127.0.0.1'
   */
  host?: string | undefined
  /**
   * Calls that one connection carries at a time; more wait in the client.
   *
   * @defaultValue 1000
   */
  maxCallsPerConnection?: number | undefined
  /**
   * How often a connection is asked whether its peer is still there, in milliseconds; `false`: never.
   *
   * @defaultValue 30000
   */
  keepAliveMs?: number | false | undefined
  /**
   * How long a peer may take to answer that, in milliseconds.
   *
   * @defaultValue 10000
   */
  keepAliveTimeoutMs?: number | undefined
}

/** Defaults of {@link GrpcServerOptions}. */
export const DEFAULT_GRPC_SERVER_OPTIONS: {
  readonly port: number
  readonly host: string
  readonly maxCallsPerConnection: number
  readonly keepAliveMs: number | false
  readonly keepAliveTimeoutMs: number
} = {
  port: 50_051,
  host: '127.0.0.1',
  maxCallsPerConnection: 1_000,
  keepAliveMs: 30_000,
  keepAliveTimeoutMs: 10_000,
}

/** A server of its own for gRPC. */
export interface GrpcServer {
  /** Resolves once it listens, with where that is. */
  listen(): Promise<{ port: number; host: string }>
  /**
   * Health says NOT_SERVING, new streams are refused; running ones have `withinMs`, as `Sluice.drain` has it. Calls that
   * are still open then end UNAVAILABLE, and the server closes. Idempotent.
   */
  drain(options?: { withinMs?: number | undefined }): Promise<void>
  /** Health says NOT_SERVING from now on; nothing else changes. */
  stopServing(): void
  /** Closes at once: open calls end UNAVAILABLE, with their cursors good. The sluice goes on. Idempotent. */
  close(): Promise<void>
}

/** What open calls are given to send their status before their connections are cut, in milliseconds. */
const CLOSE_GRACE_MS = 1_000
const MAX_CALLS = 100_000
const DAY_MS = 86_400_000

/**
 * A gRPC server on a port of its own, without TLS (h2c): put it behind a proxy that speaks TLS, or use
 * {@link createGrpcHandler} with a server that does.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const server = createGrpcServer({ sluice, identify, run: ({ prompt }) => () => ['You said: ', String(prompt)] })
 * await server.listen()
 * process.once('SIGTERM', () => void server.drain())
 * ```
 */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  return new Server(options)
}

class Server implements GrpcServer {
  readonly #options: GrpcServerOptions
  readonly #port: number
  readonly #host: string
  readonly #shutdown: AbortController = new AbortController()
  readonly #handler: GrpcHandler
  readonly #server: Http2Server
  readonly #sessions: Set<ServerHttp2Session> = new Set()
  #drained: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(options: GrpcServerOptions) {
    const { port, host, maxCallsPerConnection, keepAliveMs, keepAliveTimeoutMs } = resolve(options)
    this.#options = options
    this.#port = port
    this.#host = host
    this.#handler = handlerOf({ ...options, shutdownSignal: this.#shutdown.signal })
    this.#server = createServer({ settings: { maxConcurrentStreams: maxCallsPerConnection } }, this.#handler)
    this.#server.on('session', (session) => {
      this.#sessions.add(session)
      session.once('close', () => this.#sessions.delete(session))
      // What a connection dies of, its calls are told by their closing.
      session.on('error', () => {})
      if (keepAliveMs !== false) keepAlive(options.sluice, session, { keepAliveMs, keepAliveTimeoutMs })
    })
  }

  async listen(): Promise<{ port: number; host: string }> {
    const { promise, resolve: listening, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject).listen(this.#port, this.#host, listening)
    await promise
    this.#server.off('error', reject)
    return { port: (this.#server.address() as AddressInfo).port, host: this.#host }
  }

  drain({ withinMs = DEFAULT_DRAIN_MS }: { withinMs?: number | undefined } = {}): Promise<void> {
    this.#handler.stopServing()
    this.#drained ??= this.#options.sluice.drain({ withinMs }).then(() => this.close())
    return this.#drained
  }

  stopServing(): void {
    this.#handler.stopServing()
  }

  close(): Promise<void> {
    this.#handler.stopServing()
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#shutdown.abort()
    const { promise, resolve: closed } = Promise.withResolvers<void>()
    this.#server.close(() => closed())
    for (const session of this.#sessions) session.close()
    const callOff = this.#options.sluice.after(CLOSE_GRACE_MS, () => {
      for (const session of this.#sessions) session.destroy()
    })
    await promise
    callOff()
  }
}

function resolve(options: GrpcServerOptions): typeof DEFAULT_GRPC_SERVER_OPTIONS {
  requireKnownNames('', options, [...ROUTES_OPTION_NAMES, ...Object.keys(DEFAULT_GRPC_SERVER_OPTIONS)])
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const resolved = { ...DEFAULT_GRPC_SERVER_OPTIONS, ...(Object.fromEntries(given) as GrpcServerOptions) }
  const { port, maxCallsPerConnection, keepAliveMs, keepAliveTimeoutMs } =
    resolved as typeof DEFAULT_GRPC_SERVER_OPTIONS
  requireInteger('port', port, 0, 65_535)
  requireInteger('maxCallsPerConnection', maxCallsPerConnection, 1, MAX_CALLS)
  if (keepAliveMs !== false) requireInteger('keepAliveMs', keepAliveMs, 1, DAY_MS)
  requireInteger('keepAliveTimeoutMs', keepAliveTimeoutMs, 1, DAY_MS)
  return resolved as typeof DEFAULT_GRPC_SERVER_OPTIONS
}
