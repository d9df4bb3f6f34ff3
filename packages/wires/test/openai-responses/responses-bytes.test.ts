import { openAiResponses } from '@sluice/wires/openai-responses'

import { describeWireBytes } from '../../../conformance/test/bytes/wire-bytes.ts'

describeWireBytes('openai-responses', openAiResponses)
