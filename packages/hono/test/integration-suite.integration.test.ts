import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { serve as serveOnNode } from '@hono/node-server'
import { describeBehindNginx, describeIntegration, type ServedIntegration } from '@sluice/conformance'

import { createSuiteServer } from './rig/suite-server.ts'

async function serve(): Promise<ServedIntegration> {
  const server = serveOnNode({ fetch: createSuiteServer().fetch, port: 0, hostname: '127.0.0.1' }) as Server
  if (!server.listening) await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describeIntegration('Hono on Node, with compress, cors and a body that was read', { serve })
describeBehindNginx('Hono', { serve })
