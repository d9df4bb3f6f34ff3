import { parseGatewayOptions, type RunningGateway, startGateway } from '@sluice/gateway'

/** A gateway with its page, on a free port. */
export async function startPage(flags: readonly string[]): Promise<RunningGateway> {
  return startGateway(parseGatewayOptions(['--port=0', '--log=quiet', '--drain-ms=0', ...flags], {}))
}
