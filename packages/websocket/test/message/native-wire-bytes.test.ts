import { nativeWs } from '@sluice/websocket'

import { describeWireBytes } from '../../../conformance/test/bytes/wire-bytes.ts'

// Each line of a write is a frame. A socket is kept alive by pings, and never by a message.
describeWireBytes('native-websocket', nativeWs('reading-1'), { heartbeatMs: false })
