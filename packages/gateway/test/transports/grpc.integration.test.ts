import { describeTransport } from '@sluice/conformance'

import { GRPC } from './grpc.ts'
import { inRedis } from './stores.ts'

describeTransport('gRPC', GRPC)
describeTransport('gRPC', GRPC, inRedis())
