import { describeCrossing, type TransportDriver } from '@sluice/conformance'

import { CONNECT } from './transports/connect.ts'
import { GRPC } from './transports/grpc.ts'
import { SSE_HTTP1, SSE_HTTP2 } from './transports/sse.ts'
import { inRedis } from './transports/stores.ts'
import { WEBSOCKET } from './transports/websocket.ts'

const DRIVERS: Readonly<Record<string, TransportDriver>> = {
  'SSE over HTTP/1.1': SSE_HTTP1,
  'SSE over HTTP/2': SSE_HTTP2,
  WebSocket: WEBSOCKET,
  gRPC: GRPC,
  Connect: CONNECT,
}

describeCrossing(DRIVERS)
describeCrossing(DRIVERS, inRedis(), { runs: 20 })
