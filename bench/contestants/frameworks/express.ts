import { createServer } from 'node:http'

import { createSluice } from '@sluice/core'
import { sluiceRouter } from '@sluice/express'
import express from 'express'

import { host } from '../host.ts'
import { chunkingOf, NO_LIMITS } from '../sluice-setup.ts'

/** `response.tokens` in an Express route. */
await host(({ options, sourceFor }) => {
  const sluice = createSluice({ limits: NO_LIMITS, reader: { chunking: chunkingOf(options) } })
  const app = express()
  app.use(sluiceRouter({ sluice, identify: () => ({ owner: 'bench' }) }))
  app.get('/:shape/:stream', (request, response) => response.tokens(sourceFor(request)))
  return createServer(app)
})
