import { describeSseDecoders } from '@sluice/conformance/sse'

import { decodedWires } from './decoded-wires.ts'

for (const [name, wire] of Object.entries(decodedWires)) describeSseDecoders(name, wire)
