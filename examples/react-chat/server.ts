// A page of React that shows an answer while it comes, goes on after a reload, and stops it. Run it, and open the address.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createSluice } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { rolldown } from 'rolldown'

const HTML = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat</title>
<div id="root"></div><script type="module" src="/page.js"></script></html>`

const resource = createStreamResource<IncomingMessage>({
  sluice: createSluice(),
  identify: () => ({ owner: 'everyone' }),
  runner: () => slowModel,
})
const script = await bundle()

const server = createServer((request, response) => {
  if (request.url === '/') return void response.setHeader('content-type', 'text/html; charset=utf-8').end(HTML)
  if (request.url === '/page.js') return void response.setHeader('content-type', 'text/javascript').end(script)
  const plan = resource.handle(toHttpRequest(request, response, { mount: '/v1' }))
  return void plan.then((ready) => sendPlan(response, ready))
})
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`ready at http://localhost:${(server.address() as AddressInfo).port}`)
})

async function* slowModel({ signal }: { signal: AbortSignal }): AsyncGenerator<string> {
  for (let index = 1; index <= 400 && !signal.aborted; index++) {
    yield `Sentence ${index} of the answer. ${index % 5 === 0 ? '\n\n' : ''}`
    await new Promise((resolve) => setTimeout(resolve, 80))
  }
}

async function bundle(): Promise<string> {
  const bundled = await rolldown({
    input: fileURLToPath(new URL('page.ts', import.meta.url)),
    resolve: { conditionNames: ['@sluice/source', 'import', 'default'] },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  })
  const { output } = await bundled.generate({ format: 'esm', minify: true, codeSplitting: false })
  return output[0].code
}
