import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Principal, Sluice } from '@sluice/core'
import type { GrpcHandler, GrpcHandlerOptions, GrpcServer } from '@sluice/grpc'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { RunnerFor } from '../asking/backend-runner.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'

/** What the services need of the rest of the gateway. */
export interface GatewayGrpcParts {
  readonly sluice: Sluice
  readonly options: Pick<GatewayOptions, 'grpcPort' | 'host' | 'grpcMessageBytes' | 'grpcMessageMembers'>
  readonly identify: (request: { headers: { authorization?: string | undefined } }) => Principal | undefined
  readonly runnerFor: RunnerFor
}

/** Headers of the services' answers that pages may see. */
export const GRPC_EXPOSED: readonly string[] = ['Grpc-Status', 'Grpc-Message', 'Grpc-Status-Details-Bin', 'Sluice-Code']

/** What there is to call, known before any of it is loaded. */
export const GRPC_SERVICES: readonly string[] = [
  'sluice.v1.TokenStreamService',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
]

/** Whether a path of the main port is below one of the services. */
export function isGrpcPath(path: string): boolean {
  return GRPC_SERVICES.some((service) => path.startsWith(`/${service}/`))
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

/** Mounts Connect and gRPC-Web beside the other routes. Their code is loaded with the first call. */
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
    maxRequestMembers: options.grpcMessageMembers,
    onError: (error) => app.log.error(error),
  }
  const shutdown = new AbortController()
  let isServing = true
  let loading: Promise<GrpcHandler> | undefined
  const load = async (): Promise<GrpcHandler> => {
    const { createGrpcHandler } = await import('@sluice/grpc')
    const handler = createGrpcHandler({ ...shared, shutdownSignal: shutdown.signal })
    if (!isServing) handler.stopServing()
    return handler
  }
  mountServices(app, async (request, response) => {
    const handler = await (loading ??= load())
    if (!response.destroyed) handler(request, response)
  })
  const { grpcPort, host } = options
  let server: GrpcServer | undefined
  let address: string | undefined
  return {
    get address() {
      return address
    },
    async listen() {
      if (grpcPort === undefined) return
      const { createGrpcServer } = await import('@sluice/grpc')
      server = createGrpcServer({ ...shared, port: grpcPort, host })
      const { port } = await server.listen()
      address = `${host.includes(':') ? `[${host}]` : host}:${port}`
    },
    stopServing() {
      isServing = false
      // What cannot be loaded has said so where it was called.
      void loading?.then(
        (handler) => handler.stopServing(),
        () => {},
      )
      server?.stopServing()
    },
    async close() {
      shutdown.abort()
      await server?.close()
    },
  }
}

function mountServices(
  app: FastifyInstance,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): void {
  void app.register((scope, _options, done) => {
    // Calls are read by the handler itself.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    const handler = ({ raw }: FastifyRequest, reply: FastifyReply): void => {
      reply.hijack()
      answer(raw, reply.raw).catch((error: unknown) => {
        app.log.error(error)
        reply.raw.destroy()
      })
    }
    // With what the services do not have: that is refused by its name, as their protocols say it.
    for (const service of GRPC_SERVICES) scope.route({ method: ['GET', 'POST'], url: `/${service}/*`, handler })
    done()
  })
}
