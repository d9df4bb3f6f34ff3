import { parseGatewayOptions, startGateway } from '@sluice/gateway'

import { answerParent } from '../process/child.ts'

/** The gateway as its command line starts it, in front of the backend whose URL it is given; further words are flags. */
const [upstream, ...flags] = process.argv.slice(2) as [string, ...string[]]
const argv = ['--port', '0', '--log', 'quiet', '--upstream', upstream, ...flags]
const gateway = await startGateway(parseGatewayOptions(argv, {}))
let cpuAtGate = process.cpuUsage()

answerParent({
  listen: (): { port: number } => ({ port: Number(new URL(gateway.url).port) }),
  gate(): void {
    globalThis.gc!()
    cpuAtGate = process.cpuUsage()
  },
  cpu(): { cpuUs: number } {
    const { user, system } = process.cpuUsage(cpuAtGate)
    return { cpuUs: user + system }
  },
})
