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

/** A page that has the client in its global names, and streams at the same origin, over HTTP/1.1. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string
  /** The source of what is started next. */
  source: Source
  /** Every request about streams, as `METHOD path`. */
  readonly asked: string[]
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
  const server = createServer((request, response) => {
    if (!request.url?.startsWith('/v1/')) {
      const [type, body] = request.url === '/client.js' ? ['text/javascript', script] : ['text/html', PAGE]
      return void response.setHeader('content-type', type).end(body)
    }
    started.asked.push(`${request.method} ${request.url}`)
    const plan = resource.handle(toHttpRequest(request, response, { mount: '/v1' }))
    return void plan.then((ready) => sendPlan(response, ready))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const started: PageServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    source: () => [],
    asked: [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return started
}
