import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { Sluice } from '@sluice/core'
import { createGrpcServer } from '@sluice/grpc'
import { TokenStreamService } from '@sluice/grpc/v1'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { createWebSocketHandler } from '@sluice/websocket'
import { WebSocket } from 'ws'

/** Who reads, in every row of this kind. */
export const PEER = { owner: 'bench' }

/** One transport: its server for `sluice`, and how a client attaches to a stream through a port. */
export interface Transport {
  serve(sluice: Sluice): Promise<{ port: number; close(): Promise<void> }>
  attach(port: number, id: string): void
}

export type TransportName = 'native SSE' | 'WebSocket' | 'gRPC'

const identify = (): typeof PEER => PEER

export const TRANSPORTS: Readonly<Record<TransportName, Transport>> = {
  'native SSE': {
    serve(sluice) {
      const resource = createStreamResource<IncomingMessage>({ sluice, identify })
      const server = createServer((request, response) => {
        void resource
          .handle(toHttpRequest(request, response, { mount: '/v1' }))
          .then((plan) => sendPlan(response, plan))
      })
      return listening(server)
    },
    attach(port, id) {
      const asked = get({ port, host: '127.0.0.1', path: `/v1/streams/${id}`, agent: false })
      asked.on('error', () => {}).on('response', (response) => response.on('error', () => {}).resume())
    },
  },
  WebSocket: {
    serve(sluice) {
      const handler = createWebSocketHandler({ sluice, identify })
      const server = createServer()
      server.on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
      return listening(server)
    },
    attach(port, id) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'sluice.v1', { headers: { authorization: 'Bearer x' } })
      socket.on('error', () => {})
      socket.on('open', () => socket.send(JSON.stringify({ type: 'attach', ref: 'a', stream: id })))
    },
  },
  gRPC: {
    async serve(sluice) {
      const server = createGrpcServer({ sluice, identify, port: 0 })
      const { port } = await server.listen()
      return { port, close: () => server.close() }
    },
    attach(port, id) {
      const client = createClient(TokenStreamService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }))
      void readOn(client.attach({ ref: { ref: { case: 'id', value: id } } })).catch(() => {})
    },
  },
}

async function readOn(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const message of messages) void message
}

async function listening(server: ReturnType<typeof createServer>): Promise<{ port: number; close(): Promise<void> }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
