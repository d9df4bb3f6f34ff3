import { describeTransport } from '@sluice/conformance'

import { GRPC } from './transports/grpc.ts'
import { inRedis } from './transports/stores.ts'

describeTransport('gRPC', GRPC)
describeTransport('gRPC', GRPC, inRedis())
