import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSluice, type Source } from '@sluice/core'
import { createWebSocketHandler } from '@sluice/websocket'

/** Streams of one source over WebSocket, in this process, so that pings can come often. */
export async function serveSockets(
  source: Source,
  { path, pingMs }: { path: string; pingMs: number },
): Promise<AsyncDisposable & { readonly port: number }> {
  const identify = (): { owner: string } => ({ owner: 'everyone' })
  const handler = createWebSocketHandler({ sluice: createSluice(), identify, run: () => source, pingMs })
  // What a balancer asks is answered.
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  server.on('upgrade', (request, socket, head) => {
    if (request.url === path) void handler.handleUpgrade(request, socket, head)
    else socket.destroy()
  })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await handler.close()
      server.closeAllConnections()
      server.close()
    },
  }
}
