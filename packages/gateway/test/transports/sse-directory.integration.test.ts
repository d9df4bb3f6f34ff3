import { describeTransport } from '@sluice/conformance'

import { SSE_HTTP1 } from './sse.ts'
import { inDirectory } from './stores.ts'

describeTransport('SSE over HTTP/1.1', SSE_HTTP1, inDirectory())
