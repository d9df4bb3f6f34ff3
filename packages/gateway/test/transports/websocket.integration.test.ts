import { describeTransport } from '@sluice/conformance'

import { WEBSOCKET } from './websocket.ts'
import { inRedis } from './stores.ts'

describeTransport('WebSocket', WEBSOCKET)
describeTransport('WebSocket', WEBSOCKET, inRedis())
