import { describeTransport } from '@sluice/conformance'

import { SSE_HTTP1 } from './transports/sse.ts'
import { inRedis } from './transports/stores.ts'

describeTransport('SSE over HTTP/1.1', SSE_HTTP1)
describeTransport('SSE over HTTP/1.1', SSE_HTTP1, inRedis())
