import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSluice, type Principal } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'

import { batchRoutes, type Batches } from '../../../src/batch.ts'

/** A server of node's own that serves batches; its clients say who they are by their key. */
export interface BatchServer extends AsyncDisposable {
  readonly url: string
}

const principalOf = ({ headers }: IncomingMessage): Principal | undefined => {
  const key = headers.authorization?.replace(/^Bearer /, '') ?? headers['x-api-key']
  return typeof key === 'string' ? { owner: key } : undefined
}

export async function startBatchServer(batches: Batches | undefined): Promise<BatchServer> {
  const sluice = createSluice()
  const resource = createStreamResource<IncomingMessage>({
    sluice,
    identify: principalOf,
    extensions: [batchRoutes({ batches })],
    onError: (error) => console.error(error),
  })
  const server: Server = createServer((request, response) => {
    void resource.handle(toHttpRequest(request, response, { mount: '/v1' })).then((plan) => sendPlan(response, plan))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
      await sluice.drain({ withinMs: 0 })
    },
  }
}
