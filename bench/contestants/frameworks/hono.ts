import { createAdaptorServer } from '@hono/node-server'
import { createSluice } from '@sluice/core'
import { sluiceRouter, tokens } from '@sluice/hono'
import { Hono } from 'hono'

import { host, type Listening } from '../host.ts'
import { chunkingOf, NO_LIMITS } from '../sluice-setup.ts'
import { plainResponse } from './plain-response.ts'

/** `tokens` in a Hono route, or a web `Response` of the same chunks. */
await host(({ options, sourceFor }) => {
  const sluice = createSluice({ limits: NO_LIMITS, reader: { chunking: chunkingOf(options) } })
  const app = new Hono()
  const sourceOf = (url: string) => sourceFor({ url: new URL(url).pathname })
  if (options.plainResponse) {
    app.get('/:shape/:stream', (context) => plainResponse(sluice, sourceOf(context.req.url)))
  } else {
    app.use(sluiceRouter({ sluice, identify: () => ({ owner: 'bench' }) }))
    app.get('/:shape/:stream', (context) => tokens(context, sourceOf(context.req.url)))
  }
  return createAdaptorServer({ fetch: app.fetch }) as Listening
})
