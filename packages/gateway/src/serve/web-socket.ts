import type { IncomingMessage } from 'node:http'

import type { Sluice } from '@sluice/core'
import { parseStartBody } from '@sluice/http'
import { createWebSocketHandler, type WebSocketHandler } from '@sluice/websocket'
import type { FastifyInstance } from 'fastify'

import type { RunnerFor } from '../asking/backend-runner.ts'
import { requestIdOf } from '../door/front-door.ts'
import { createIdentify } from './identify.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { hostsOfPages } from './page-options.ts'
import { NO_SOCKETS } from '../passing/pass-on.ts'
import { type Refusal, refusalText, refuse } from '../door/refusal.ts'
import type { TicketDesk } from './ticket-desk.ts'

/** Whether a request that offers to upgrade is for a socket of ours; all others are answered as if they did not offer it. */
export function isForSocket({ url = '' }: Pick<IncomingMessage, 'url'>, path: string): boolean {
  return url === path || url.startsWith(`${path}?`)
}

/** Serves sockets at `path`: a `start` carries the body of `POST /v1/streams`. */
export function mountWebSocket(
  app: FastifyInstance,
  path: string,
  {
    sluice,
    options,
    desk,
    runnerFor,
    refusalOf,
  }: {
    sluice: Sluice
    options: GatewayOptions
    desk: TicketDesk
    runnerFor: RunnerFor
    /** Why a request is not taken, whatever it is for. */
    refusalOf: (request: IncomingMessage) => Refusal | undefined
  },
): WebSocketHandler {
  const identify = createIdentify(options.auth)
  const handler = createWebSocketHandler({
    sluice,
    tickets: desk.tickets,
    identify: (_request, { bearer }) =>
      identify({ headers: { authorization: bearer === undefined ? undefined : `Bearer ${bearer}` } }),
    origins: options.corsOrigin.includes('*') ? '*' : options.corsOrigin,
    hosts: hostsOfPages(options),
    run(sent, { principal, bearer, request, bodyText }) {
      const { body } = parseStartBody(sent, 'native', sluice.bodies.options)
      const authorization = bearer === undefined ? desk.authorizationOf(principal) : `Bearer ${bearer}`
      const requestId = requestIdOf(request)
      return runnerFor(body, { headers: request.headers, authorization, bodyText, requestId })
    },
    limits: {
      maxSockets: options.maxSockets,
      maxStreams: options.streamsPerSocket,
      maxPayloadBytes: options.messageBytes,
      messagesPerSecond: options.messagesPerSecond,
      messageBurst: options.messageBurst,
    },
    onError: (error) => app.log.error(error),
  })
  app.server.on('upgrade', (request, socket, head) => {
    // Node before 24.9 asks nobody whether to upgrade.
    const refusal = refusalOf(request) ?? (isForSocket(request, path) ? undefined : NO_SOCKETS)
    if (!refusal) return void handler.handleUpgrade(request, socket, head)
    socket.once('finish', () => socket.destroy())
    return socket.on('error', () => {}).end(refusalText(refusal))
  })
  app.get(path, (_request, reply) => {
    reply.hijack()
    refuse(reply.raw, OPEN_A_SOCKET)
  })
  return handler
}

const OPEN_A_SOCKET = {
  status: 426,
  message: 'Open a WebSocket here.',
  code: 'upgrade_required',
  headers: { upgrade: 'websocket' },
}
