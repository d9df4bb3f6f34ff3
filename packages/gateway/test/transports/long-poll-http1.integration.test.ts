import { describeTransport } from '@sluice/conformance'

import { POLL_HTTP1 } from './long-poll.ts'
import { inRedis } from './stores.ts'

describeTransport('long-poll over HTTP/1.1', POLL_HTTP1)
describeTransport('long-poll over HTTP/1.1', POLL_HTTP1, inRedis())
