import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createSluice, type Source } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { rolldown } from 'rolldown'

/** A page of an application, and the streams it reads, at one origin. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string
  /** The source of what is started next. */
  source: Source
  readonly asked: string[]
  /** Answers about streams that are being read now. */
  readonly open: number
}

/** A module and all it imports, with that React, as one script. */
export async function bundleFor(entry: URL, react: '18' | '19'): Promise<string> {
  const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url))
  const suffix = react === '18' ? '18' : ''
  const bundled = await rolldown({
    input: fileURLToPath(entry),
    resolve: {
      conditionNames: ['@sluice/source', 'import', 'default'],
      alias: { react: `${modules}react${suffix}`, 'react-dom': `${modules}react-dom${suffix}` },
    },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  })
  const { output } = await bundled.generate({ format: 'esm', codeSplitting: false })
  return output[0].code
}

export async function startPageServer(entry: URL): Promise<PageServer> {
  const scripts: Record<string, string> = {
    '/18.js': await bundleFor(entry, '18'),
    '/19.js': await bundleFor(entry, '19'),
  }
  const resource = createStreamResource<IncomingMessage>({
    sluice: createSluice(),
    identify: () => ({ owner: 'ada' }),
    runner: () => (context) => started.source(context),
  })
  let open = 0
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    started.asked.push(`${request.method} ${request.url}`)
    if (pathname in scripts) return response.setHeader('content-type', 'text/javascript').end(scripts[pathname])
    if (pathname.startsWith('/v1/')) {
      open++
      response.once('close', () => open--)
      const plan = resource.handle(toHttpRequest(request, response, { mount: '/v1' }))
      return void plan.then((ready) => sendPlan(response, ready))
    }
    const script = `<script type="module" src="${pathname}.js"></script>`
    return response
      .setHeader('content-type', 'text/html')
      .end(`<!doctype html><title>x</title><div id="root"></div>${script}`)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const started: PageServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    source: () => [],
    asked: [],
    get open() {
      return open
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return started
}
