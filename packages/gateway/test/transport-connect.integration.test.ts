import { describeTransport } from '@sluice/conformance'

import { CONNECT } from './transports/connect.ts'
import { inRedis } from './transports/stores.ts'

describeTransport('Connect', CONNECT)
describeTransport('Connect', CONNECT, inRedis())
