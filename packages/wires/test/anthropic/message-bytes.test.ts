import { anthropicMessages } from '@sluice/wires/anthropic'

import { describeWireBytes } from '../../../conformance/test/bytes/wire-bytes.ts'

describeWireBytes('anthropic-messages', anthropicMessages)
