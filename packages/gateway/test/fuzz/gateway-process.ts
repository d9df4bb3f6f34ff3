// A gateway as its users run it, which tells how much it holds when it is asked. Its options are its arguments.
import { setTimeout as sleep } from 'node:timers/promises'

import { parseGatewayOptions } from '../../src/options/options.ts'
import { startGateway } from '../../src/serve/gateway.ts'

const gateway = await startGateway(parseGatewayOptions(process.argv.slice(2), process.env))
process.on('message', () => void tell())
process.on('disconnect', () => process.exit(0))
process.send?.({ url: gateway.url, grpcAddress: gateway.grpcAddress })

/** What is held once all that is over has been let go. */
async function tell(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    gc?.()
    await sleep(50)
  }
  const { heapUsed, external } = process.memoryUsage()
  process.send?.({ bytes: heapUsed + external, ...gateway.sluice.stats() })
}
