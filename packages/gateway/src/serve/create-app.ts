import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'

import type { Sluice } from '@sluice/core'
import createFastify, { type FastifyInstance } from 'fastify'

import { METHOD_NOT_ALLOWED } from '../door/front-door.ts'
import { toFastifyLogger } from '../log/fastify-logger.ts'
import type { Log } from '../log/log.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { NOT_FOUND, refusalText, refuse } from '../door/refusal.ts'

/** What the server is made of. */
export interface AppParts {
  readonly options: GatewayOptions
  readonly log: Log
  /** What stands before all routes. */
  readonly door: (serve: RequestListener) => RequestListener
  readonly isForSocket: (request: IncomingMessage) => boolean
  readonly bodies: Sluice['bodies']
}

/** How long a connection is kept for the next request: longer than load balancers do, so that it is theirs to close. */
const KEEP_ALIVE_MS = 72_000

/** The server, without routes. */
export function createApp({ options, log, door, isForSocket, bodies }: AppParts): FastifyInstance {
  const app = createFastify({
    bodyLimit: options.maxBodyBytes,
    forceCloseConnections: 'idle',
    loggerInstance: toFastifyLogger(log),
    serverFactory: (serve) => openServer(options, isForSocket, timed(bodies, door(serve as RequestListener))),
    frameworkErrors(error, _request, reply) {
      reply.hijack()
      refuse(reply.raw, error.code === 'FST_ERR_BAD_URL' ? BAD_URL : NOT_FOUND)
    },
  })
  app.setNotFoundHandler((_request, reply) => {
    reply.hijack()
    refuse(reply.raw, NOT_FOUND)
  })
  return app as unknown as FastifyInstance
}

/** What is left of a body when its request has been answered is thrown away, as long as a body has that brings nothing. */
function timed(bodies: Sluice['bodies'], serve: RequestListener): RequestListener {
  return (request, response) => {
    response.once('finish', () => {
      if (request.complete) return
      const rest = bodies.open(() => request.socket.destroy())
      request.once('close', () => rest.close())
    })
    return serve(request, response)
  }
}

const BAD_URL = { status: 400, message: 'The path is not encoded as a URL is.', code: 'bad_request' }

function openServer(
  { maxHeaderBytes }: GatewayOptions,
  isForSocket: AppParts['isForSocket'],
  serve: RequestListener,
): Server {
  const server = createServer({ maxHeaderSize: maxHeaderBytes, shouldUpgradeCallback: isForSocket }, serve)
  server.keepAliveTimeout = KEEP_ALIVE_MS
  // An upload may take as long as it moves.
  server.requestTimeout = 0
  server.on('connect', (_request, socket) => {
    socket.once('finish', () => socket.destroy())
    socket.on('error', () => {}).end(refusalText(METHOD_NOT_ALLOWED))
  })
  return server
}
