import { describeTransport } from '@sluice/conformance'

import { WEBSOCKET } from './transports/websocket.ts'
import { inRedis } from './transports/stores.ts'

describeTransport('WebSocket', WEBSOCKET)
describeTransport('WebSocket', WEBSOCKET, inRedis())
