import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSluice, type Sluice, type SluiceOptions, type Source } from '@sluice/core'
import { createStreamResource, type StreamResourceOptions } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'

/** A real server with a stream resource under /v1. */
export interface NodeServer extends AsyncDisposable {
  readonly url: string
  readonly sluice: Sluice
  readonly server: Server
  /** What arrived, in order. */
  readonly requests: IncomingMessage[]
}

export async function serve(
  source: Source,
  options: {
    sluice?: SluiceOptions
    resource?: Partial<StreamResourceOptions<IncomingMessage>>
    maxBodyBytes?: number
    before?: (request: IncomingMessage, response: ServerResponse) => void
  } = {},
): Promise<NodeServer> {
  const sluice = createSluice(options.sluice ?? {})
  const resource = createStreamResource<IncomingMessage>({
    sluice,
    identify: ({ headers }) => (headers.authorization === 'Bearer wrong' ? undefined : { owner: 'ada' }),
    runner: () => source,
    ...options.resource,
  })
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    options.before?.(request, response)
    const { maxBodyBytes } = options
    void resource
      .handle(toHttpRequest(request, response, { mount: '/v1', maxBodyBytes }))
      .then((plan) => sendPlan(response, plan))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    sluice,
    server,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
