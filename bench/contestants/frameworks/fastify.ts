import { createSluice } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import createFastify from 'fastify'

import { host } from '../host.ts'
import { chunkingOf, NO_LIMITS } from '../sluice-setup.ts'

/** `reply.tokens` in a Fastify route. */
await host(async ({ options, sourceFor }) => {
  const sluice = createSluice({ limits: NO_LIMITS, reader: { chunking: chunkingOf(options) } })
  const app = createFastify()
  app.register(sluicePlugin, { sluice, identify: () => ({ owner: 'bench' }) })
  app.get('/:shape/:stream', (request, reply) => reply.tokens(sourceFor(request.raw)))
  await app.ready()
  return app.server
})
