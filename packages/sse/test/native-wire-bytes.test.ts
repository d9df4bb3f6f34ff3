import { nativeSse } from '@sluice/sse'

import { describeWireBytes } from '../../conformance/test/bytes/wire-bytes.ts'

describeWireBytes('native-sse', nativeSse)
