import { describeTransport } from '@sluice/conformance'

import { CONNECT } from './connect.ts'
import { inRedis } from './stores.ts'

describeTransport('Connect', CONNECT)
describeTransport('Connect', CONNECT, inRedis())
