import { describeTransport } from '@sluice/conformance'

import { SSE_HTTP2 } from './sse.ts'
import { inRedis } from './stores.ts'

describeTransport('SSE over HTTP/2', SSE_HTTP2)
describeTransport('SSE over HTTP/2', SSE_HTTP2, inRedis())
