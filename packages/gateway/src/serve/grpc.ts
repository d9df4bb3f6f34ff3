import type { IncomingMessage } from 'node:http'

import type { Principal, Sluice } from '@sluice/core'
import { createGrpcHandler, createGrpcServer, type GrpcHandler, type GrpcHandlerOptions } from '@sluice/grpc'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { RunnerFor } from '../asking/backend-runner.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'

/** What the services need of the rest of the gateway. */
export interface GatewayGrpcParts {
  readonly sluice: Sluice
  readonly options: Pick<GatewayOptions, 'grpcPort' | 'host' | 'grpcMessageBytes'>
  readonly identify: (request: { headers: { authorization?: string | undefined } }) => Principal | undefined
  readonly runnerFor: RunnerFor
}

/** Headers of the services' answers that pages may see. */
export const GRPC_EXPOSED: readonly string[] = ['Grpc-Status', 'Grpc-Message', 'Grpc-Status-Details-Bin', 'Sluice-Code']

/** The services on the main port, and, where it is asked for, gRPC on a port of its own. */
export interface GatewayGrpc {
  /** Where gRPC is served, once {@link GatewayGrpc.listen} has resolved; nothing when that is off. */
  readonly address: string | undefined
  /** Where the services are on the main port. */
  readonly paths: readonly string[]
  listen(): Promise<void>
  /** Health says NOT_SERVING from now on. */
  stopServing(): void
  /** Ends what is open. */
  close(): Promise<void>
}

/** Mounts Connect and gRPC-Web beside the other routes. */
export function mountGrpc(
  app: FastifyInstance,
  { sluice, options, identify, runnerFor }: GatewayGrpcParts,
): GatewayGrpc {
  const shared: GrpcHandlerOptions = {
    sluice,
    identify: (headers) => identify({ headers: { authorization: headers.get('authorization') ?? undefined } }),
    run: (input, { headers }) =>
      runnerFor(input, {
        headers: Object.fromEntries(headers),
        authorization: headers.get('authorization') ?? undefined,
        requestId: headers.get('x-request-id') ?? undefined,
      }),
    maxRequestBytes: options.grpcMessageBytes,
    onError: (error) => app.log.error(error),
  }
  const shutdown = new AbortController()
  const handler = createGrpcHandler({ ...shared, shutdownSignal: shutdown.signal })
  mountHandler(app, handler)
  const { grpcPort, host } = options
  const server = grpcPort === undefined ? undefined : createGrpcServer({ ...shared, port: grpcPort, host })
  let address: string | undefined
  return {
    get address() {
      return address
    },
    paths: handler.paths,
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

function mountHandler(app: FastifyInstance, handler: GrpcHandler): void {
  void app.register((scope, _options, done) => {
    // Calls are read by the handler itself.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    const answer = (request: FastifyRequest, reply: FastifyReply): void => {
      reply.hijack()
      handler(request.raw as IncomingMessage, reply.raw)
    }
    // With what the services do not have: that is refused by its name, as their protocols say it.
    const services = new Set(handler.paths.map((path) => `${path.slice(0, path.lastIndexOf('/'))}/*`))
    for (const url of [...handler.paths, ...services]) scope.route({ method: ['GET', 'POST'], url, handler: answer })
    done()
  })
}
