import { createServer, type RequestListener } from 'node:http'

import { createSluice } from '@sluice/core'
import type { NextRequest } from 'next/server.js'

import { host } from '../host.ts'
import { chunkingOf, NO_LIMITS } from '../sluice-setup.ts'
import { builtApp } from './next-build.ts'
import { plainResponse } from './plain-response.ts'

Object.assign(process.env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' })

/** As much of Next.js as `next start` uses too; its own types are those of a package without "type". */
type CreateNext = (options: { dev: false; dir: string }) => {
  prepare(): Promise<void>
  getRequestHandler(): RequestListener
}

/** `tokens` in a route handler of Next.js, or a web `Response` of the same chunks; a build, served as `next start` does it. */
await host(async ({ options, sourceFor }) => {
  const { default: createNext } = (await import('next')) as unknown as { default: CreateNext }
  const app = createNext({ dev: false, dir: await builtApp() })
  await app.prepare()
  // Only now: Next.js has prepared the process for what this imports of it.
  const { sluiceHandlers } = await import('@sluice/next')
  const sluice = createSluice({ limits: NO_LIMITS, reader: { chunking: chunkingOf(options) } })
  const streams = sluiceHandlers({ sluice: () => sluice, identify: () => ({ owner: 'bench' }) })
  const answer = (request: NextRequest): Promise<Response> => {
    const source = sourceFor({ url: request.nextUrl.pathname })
    return options.plainResponse ? plainResponse(sluice, source) : streams.tokens(request, source)
  }
  // The route is bundled, and knows nothing of what it is measured with.
  Object.assign(globalThis, { answerOfBench: answer })
  return createServer(app.getRequestHandler())
})
