import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createSluice, type Source } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { rolldown } from 'rolldown'

const ENTRY = fileURLToPath(new URL('page-entry.ts', import.meta.url))
const PAGE = `<!doctype html><title>answer</title><p id="answer"></p><script type="module">
import * as sluice from '/client.js'
Object.assign(globalThis, sluice)
document.title = 'ready'
</script>`

/** As an application's does: what it has kept, else the network. */
const WORKER = `addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
addEventListener('fetch', (event) => {
  event.respondWith(caches.match(event.request).then((kept) => kept ?? fetch(event.request)))
})`

/** A page that has the client in its global names, and streams at the same origin, over HTTP/1.1. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string
  /** The source of what is started next. */
  source: Source
  /** Every request about streams, as `METHOD path`. */
  readonly asked: string[]
  /** Answers about streams that are being sent now. */
  readonly open: number
  /** Cuts every connection, as a network does that changes. */
  cut(): void
}

async function bundleClient(): Promise<string> {
  const bundled = await rolldown({
    input: ENTRY,
    resolve: { conditionNames: ['@sluice/source', 'import', 'default'] },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? `export * from '@sluice/client'` : null),
      },
    ],
  })
  const { output } = await bundled.generate({ format: 'esm', minify: true, codeSplitting: false })
  return output[0].code
}

export async function startPageServer(): Promise<PageServer> {
  const script = await bundleClient()
  const resource = createStreamResource<IncomingMessage>({
    sluice: createSluice(),
    identify: () => ({ owner: 'ada' }),
    runner: () => (context) => started.source(context),
  })
  let open = 0
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/v1/')) {
      const code = { '/client.js': script, '/worker.js': WORKER }[request.url ?? '']
      return void response.setHeader('content-type', code ? 'text/javascript' : 'text/html').end(code ?? PAGE)
    }
    open++
    response.once('close', () => open--)
    started.asked.push(`${request.method} ${request.url}`)
    const plan = resource.handle(toHttpRequest(request, response, { mount: '/v1' }))
    return void plan.then((ready) => sendPlan(response, ready))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const started: PageServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    source: () => [],
    asked: [],
    get open() {
      return open
    },
    cut: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return started
}
