import {
  Agent,
  createServer,
  type IncomingMessage,
  request as sendRequest,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import type { Requester } from './requester.ts'

/** A server of node's, as drivers need it. */
export interface Listening<Kind = unknown> {
  readonly server: Kind
  readonly port: number
  close(): Promise<void>
}

export async function listenHttp1(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Listening<Server>> {
  const server = createServer(handle)
  // Those that were upgraded are the server's no more.
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** `oneByOne`: all requests go over one connection, each after the other. */
export function requestHttp1(port: number, { oneByOne = false }: { oneByOne?: boolean } = {}): Requester {
  const agent = oneByOne ? new Agent({ keepAlive: true, maxSockets: 1 }) : new Agent()
  return {
    request: ({ body, ...asked }) =>
      new Promise((resolve, reject) => {
        const request = sendRequest({ host: '127.0.0.1', port, agent, ...asked }, (response) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: response,
            isWhole: () => response.complete,
          }),
        )
        request.on('error', reject).end(body)
      }),
    drop: () => agent.destroy(),
  }
}
