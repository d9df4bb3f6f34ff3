import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

import type { Principal, Sluice } from '@sluice/core'
import { createGrpcHandler, createGrpcServer, type GrpcHandler, type GrpcHandlerOptions } from '@sluice/grpc'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { GatewayOptions } from '../options/option-table.ts'
import type { RunnerFor } from './web-socket.ts'

/** What the services need of the rest of the gateway. */
export interface GatewayGrpcParts {
  readonly sluice: Sluice
  readonly options: Pick<GatewayOptions, 'grpcPort' | 'host' | 'corsOrigin'>
  readonly identify: (request: { headers: { authorization?: string | undefined } }) => Principal | undefined
  readonly runnerFor: RunnerFor
}

/** The services on the main port, and, where it is asked for, gRPC on a port of its own. */
export interface GatewayGrpc {
  /** Where gRPC is served, once {@link GatewayGrpc.listen} has resolved; nothing when that is off. */
  readonly address: string | undefined
  listen(): Promise<void>
  /** Health says NOT_SERVING from now on. */
  stopServing(): void
  /** Ends what is open. */
  close(): Promise<void>
}

const MAX_REQUEST_BYTES = 32 * 1024 * 1024

/** Mounts Connect and gRPC-Web beside the other routes. */
export function mountGrpc(
  app: FastifyInstance,
  { sluice, options, identify, runnerFor }: GatewayGrpcParts,
): GatewayGrpc {
  const shared: GrpcHandlerOptions = {
    sluice,
    identify: (headers) => identify({ headers: { authorization: headers.get('authorization') ?? undefined } }),
    run: (input, { headers }) => runnerFor(input, headers.get('authorization') ?? undefined),
    maxRequestBytes: MAX_REQUEST_BYTES,
    onError: (error) => app.log.error(error),
  }
  const shutdown = new AbortController()
  const handler = createGrpcHandler({ ...shared, shutdownSignal: shutdown.signal })
  mountHandler(app, handler, options.corsOrigin)
  const { grpcPort, host } = options
  const server = grpcPort === undefined ? undefined : createGrpcServer({ ...shared, port: grpcPort, host })
  let address: string | undefined
  return {
    get address() {
      return address
    },
    async listen() {
      if (!server) return
      const { port } = await server.listen()
      address = `${host.includes(':') ? `[${host}]` : host}:${port}`
    },
    stopServing() {
      handler.stopServing()
      server?.stopServing()
    },
    async close() {
      shutdown.abort()
      await server?.close()
    },
  }
}

function mountHandler(app: FastifyInstance, handler: GrpcHandler, origins: readonly string[]): void {
  void app.register((scope, _options, done) => {
    // Calls are read by the handler itself.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    const answer = (request: FastifyRequest, reply: FastifyReply): void => {
      reply.hijack()
      for (const [name, value] of Object.entries(corsHeaders(request.headers, origins)))
        reply.raw.setHeader(name, value)
      handler(request.raw as IncomingMessage, reply.raw)
    }
    const preflight = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
      reply.code(204).headers(preflightHeaders(request.headers, origins)).send()
    for (const url of handler.paths) {
      scope.route({ method: ['GET', 'POST'], url, handler: answer })
      if (origins.length > 0) scope.route({ method: 'OPTIONS', url, handler: preflight })
    }
    done()
  })
}

const EXPOSED = 'Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, Sluice-Code, Sluice-Cursor'
const MAX_AGE_SECONDS = 600

function corsHeaders({ origin }: IncomingHttpHeaders, origins: readonly string[]): Record<string, string> {
  if (origins.includes('*')) return { 'access-control-allow-origin': '*', 'access-control-expose-headers': EXPOSED }
  if (origins.length === 0) return {}
  if (origin === undefined || !origins.includes(origin)) return { vary: 'Origin' }
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED, vary: 'Origin' }
}

function preflightHeaders(headers: IncomingHttpHeaders, origins: readonly string[]): Record<string, string> {
  const cors = corsHeaders(headers, origins)
  if (cors['access-control-allow-origin'] === undefined) return cors
  return {
    ...cors,
    'access-control-allow-methods': 'GET, POST',
    // Clients send headers of their own; an allowed origin may send what it likes.
    'access-control-allow-headers': headers['access-control-request-headers'] ?? 'Content-Type',
    'access-control-max-age': String(MAX_AGE_SECONDS),
  }
}
