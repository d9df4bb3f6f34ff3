import type { ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

import { Code, ConnectError, createConnectRouter } from '@connectrpc/connect'
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node'
import { requireKnownNames } from '@sluice/core/extend'

import { discardRest, type NodeRequest, type NodeResponse } from './discard-rest.ts'
import { GrpcCall } from './grpc-call.ts'
import { limitQueue } from './http2-sink.ts'
import { refuseUnknownMethod, serviceOf } from './unknown-method.ts'
import { type GrpcRoutesOptions, resolveParts, ROUTES_OPTION_NAMES, routesOf } from '../service/routes.ts'

const DIRECT: Readonly<Record<string, 'start' | 'attach'>> = {
  '/sluice.v1.TokenStreamService/Start': 'start',
  '/sluice.v1.TokenStreamService/Attach': 'attach',
}

/** What calls are told that a shutdown ends. */
const SHUT_DOWN = 'The server is shutting down; attach elsewhere, after the last cursor.'

/** Options of {@link createGrpcHandler}. */
export interface GrpcHandlerOptions extends GrpcRoutesOptions {
  /** Calls that are still open when it aborts end UNAVAILABLE, or as its reason says. */
  shutdownSignal?: AbortSignal | undefined
}

/** Answers the calls of node's servers: gRPC over HTTP/2, gRPC-Web and Connect over HTTP/1.1 too. */
export interface GrpcHandler {
  (request: NodeRequest, response: NodeResponse): void
  /** Whether a URL is of one of the services: what is not may be somebody else's. */
  owns(url: string): boolean
  /** The paths of all methods. */
  readonly paths: readonly string[]
  /** Health says NOT_SERVING from now on. What drains the sluice calls this first. */
  stopServing(): void
}

/**
 * The services as a request handler, for `node:http`, `node:http2` and the frameworks on them.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const grpc = createGrpcHandler({ sluice, identify, run: (input) => () => runner.generate(input.prompt, {}) })
 * createServer((request, response) => {
 *   if (grpc.owns(request.url ?? '')) grpc(request, response)
 *   else myApp(request, response)
 * }).listen(8080)
 * ```
 */
export function createGrpcHandler(options: GrpcHandlerOptions): GrpcHandler {
  requireKnownNames('', options, [...ROUTES_OPTION_NAMES, 'shutdownSignal'])
  return handlerOf(options)
}

/** The same for those who have looked at the names already, which may be more. */
export function handlerOf(options: GrpcHandlerOptions): GrpcHandler {
  const shutdownSignal = options.shutdownSignal && unavailableOn(options.shutdownSignal)
  const parts = { ...resolveParts(options), shutdownSignal }
  const routes = routesOf(options, parts)
  const router = createConnectRouter({
    acceptCompression: [compressionGzip],
    // Never what is sent: the length of compressed tokens tells what they say, and small messages gain nothing.
    compressMinBytes: Infinity,
    shutdownSignal,
  })
  routes(router)
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]))
  const paths = [...handlers.keys()]
  const services = new Set(paths.map(serviceOf))
  const handle = (request: NodeRequest, response: NodeResponse): void => {
    const path = pathOf(request.url ?? '')
    const direct = DIRECT[path]
    if (direct && 'stream' in response && 'stream' in request && isGrpc(request))
      return void new GrpcCall(parts, request, response).serve(direct)
    const handler = handlers.get(path)
    if (!handler) {
      discardRest(parts.sluice, request, response)
      return refuseUnknownMethod(path, paths, { request, response })
    }
    if ('stream' in response) limitQueue(response.stream, parts.queueBytes)
    let asked: ReturnType<typeof universalRequestFromNodeRequest>
    try {
      asked = universalRequestFromNodeRequest(request, response as ServerResponse, undefined, undefined)
    } catch {
      // It names no host, which connect must know.
      response.statusCode = 400
      return void response.end()
    }
    discardRest(parts.sluice, request, response)
    handler(asked)
      .then((answer) => universalResponseToNodeResponse(answer, response))
      // The call has been told already, or its client is gone: connect's own adapter would print it.
      .catch(() => response.destroy())
  }
  return Object.assign(handle, {
    // A method that a service does not have is refused here too: by its name, and as the protocol says it.
    owns: (url: string) => services.has(serviceOf(pathOf(url))),
    paths,
    stopServing: () => routes.stopServing(),
  })
}

/** Whatever the reason of a shutdown, calls are told UNAVAILABLE, unless it is a status itself. */
function unavailableOn(signal: AbortSignal): AbortSignal {
  const shutdown = new AbortController()
  const abort = (): void => {
    const { reason } = signal as { reason: unknown }
    shutdown.abort(reason instanceof ConnectError ? reason : new ConnectError(SHUT_DOWN, Code.Unavailable))
  }
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return shutdown.signal
}

/** Messages of protobuf over gRPC itself: what is served without Connect, where the method's messages are many. */
function isGrpc({ headers, method }: Http2ServerRequest): boolean {
  const type = headers['content-type']
  return method === 'POST' && (type === 'application/grpc' || type === 'application/grpc+proto')
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
