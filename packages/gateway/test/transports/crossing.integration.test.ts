import { describeCrossing, type TransportDriver } from '@sluice/conformance'

import { CONNECT } from './connect.ts'
import { GRPC } from './grpc.ts'
import { POLL_HTTP1 } from './long-poll.ts'
import { SSE_HTTP1, SSE_HTTP2 } from './sse.ts'
import { inRedis } from './stores.ts'
import { WEBSOCKET } from './websocket.ts'

const DRIVERS: Readonly<Record<string, TransportDriver>> = {
  'SSE over HTTP/1.1': SSE_HTTP1,
  'SSE over HTTP/2': SSE_HTTP2,
  'long-poll': POLL_HTTP1,
  WebSocket: WEBSOCKET,
  gRPC: GRPC,
  Connect: CONNECT,
}

describeCrossing(DRIVERS)
describeCrossing(DRIVERS, inRedis(), { runs: 20 })
