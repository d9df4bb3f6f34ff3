import { parseGatewayOptions, startGateway } from '@sluice/gateway'

import { answerParent } from '../process/child.ts'
import { type LongestStep, StepWatch } from './longest-step.ts'

/** The gateway as its command line starts it, in front of the backend whose URL it is given, with a watch of its event loop. */
const upstream = process.argv[2]!
const gateway = await startGateway(parseGatewayOptions(['--port', '0', '--log', 'quiet', '--upstream', upstream], {}))
const watch = new StepWatch()

answerParent({
  listen: (): { port: number } => ({ port: Number(new URL(gateway.url).port) }),
  async gate(): Promise<void> {
    globalThis.gc!()
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    watch.take()
  },
  longest: (): LongestStep => watch.take(),
})
