import { createGrpcHandler, type GrpcHandlerOptions } from '@sluice/grpc'

import { startSocketServer } from './socket-server.ts'
import type { StreamServer, StreamServerOptions } from './stream-server.ts'

/** A {@link startSocketServer} that speaks Connect too, at its root, as the gateway does. */
export async function startConnectServer(
  options: StreamServerOptions,
  more: Partial<GrpcHandlerOptions> = {},
): Promise<StreamServer> {
  const server = await startSocketServer(options)
  const identify = (): { owner: string } => ({ owner: 'ada' })
  const handler = createGrpcHandler({ sluice: server.sluice, identify, run: (input) => options.run(input), ...more })
  const inner = server.handle
  server.handle = (request, response) => {
    if (handler.owns(request.url ?? '')) handler(request, response)
    else inner(request, response)
  }
  return server
}
