import { createWebSocketHandler } from '@sluice/websocket'
import { onTestFinished } from 'vitest'

import { type StreamServer, type StreamServerOptions, startStreamServer } from './stream-server.ts'

/** A {@link startStreamServer} that speaks over WebSocket too, at `/v1/ws`. */
export async function startSocketServer(options: StreamServerOptions): Promise<StreamServer> {
  const server = await startStreamServer({ ...options, resource: { ...options.resource } })
  const identify = (): { owner: string } => ({ owner: 'ada' })
  const handler = createWebSocketHandler({ sluice: server.sluice, identify, origins: '*', run: options.run })
  server.http.on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
  onTestFinished(() => handler.close())
  return server
}
