import { createServer } from 'node:http'

import { createSluice } from '@sluice/core'
import { createWebSocketHandler } from '@sluice/websocket'

import { host } from '../host.ts'
import { chunkingOf, NO_LIMITS } from '../sluice-setup.ts'

/** Sluice on WebSocket: memory store, everything at its default but the limits. The stream is the body's `url`. */
await host(({ options, sourceFor }) => {
  const sluice = createSluice({
    limits: NO_LIMITS,
    reader: { chunking: chunkingOf(options) },
    stream: { onDisconnect: options.onDisconnect },
  })
  const handler = createWebSocketHandler({
    sluice,
    identify: () => ({ owner: 'bench' }),
    run: ({ url }) => sourceFor({ url: url as string }),
  })
  const server = createServer()
  server.on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
  return server
})
