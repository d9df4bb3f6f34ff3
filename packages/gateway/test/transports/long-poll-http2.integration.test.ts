import { describeTransport } from '@sluice/conformance'

import { POLL_HTTP2 } from './long-poll.ts'
import { inRedis } from './stores.ts'

describeTransport('long-poll over HTTP/2', POLL_HTTP2)
describeTransport('long-poll over HTTP/2', POLL_HTTP2, inRedis())
