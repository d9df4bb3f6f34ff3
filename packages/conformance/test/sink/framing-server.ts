import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import type { Sink } from '@sluice/core/extend'
import { createSseHeaders } from '@sluice/sse'
import { sendToResponse } from '@sluice/sse/node'
import { expect, onTestFinished } from 'vitest'

import { RawClient } from './raw-responses.ts'

/** A request under way: its sink, once there is one, and how it went. */
export interface Served {
  request: IncomingMessage
  response: ServerResponse
  sink: Sink | undefined
  losses: number
  over: Promise<void>
}

/** A server whose `/stream…` is a plan being carried out; everything else gets a plain answer at once. */
export interface FramingServer {
  port: number
  /** In the order in which the requests came. */
  streams: Served[]
  errors: unknown[]
}

/** Starts a server for one test. `begin` is called with each stream inside `deliver`. */
export async function serveStreams(
  options: ServerOptions & { begin?: (sink: Sink) => void; middleware?: (response: ServerResponse) => void } = {},
): Promise<FramingServer> {
  const { begin = () => undefined, middleware = () => undefined, ...serverOptions } = options
  const streams: Served[] = []
  const errors: unknown[] = []
  const sockets = new Set<Socket>()
  const server = createServer(serverOptions, (request, response) => {
    middleware(response)
    if (!request.url!.startsWith('/stream')) {
      response.setHeader('content-length', 5)
      return void response.end('plain')
    }
    const served: Served = { request, response, sink: undefined, losses: 0, over: Promise.resolve() }
    streams.push(served)
    served.over = sendToResponse(response, {
      status: 200,
      headers: createSseHeaders({ streamId: 'x' }),
      deliver(sink) {
        served.sink = sink
        begin(sink)
        return { lost: () => void served.losses++ }
      },
    })
    served.over.catch((error: unknown) => errors.push(error))
  })
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, streams, errors }
}

/** A GET request, head lines in place. */
export const get = (path: string, ...headers: string[]): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`

/** A client of its own socket, for one test. */
export function connectTo({ port }: FramingServer): RawClient {
  const client = new RawClient(port)
  onTestFinished(() => void client.socket.destroy())
  return client
}

/** The stream of that place, once its request has come. */
export async function streamAt({ streams }: FramingServer, index: number): Promise<Served & { sink: Sink }> {
  await expect.poll(() => streams.length, { interval: 2 }).toBeGreaterThan(index)
  return streams[index] as Served & { sink: Sink }
}
