// A model in a page: core alone, no stream leaves the browser. Run it, and open the address; all that is served is the page.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const HTML = `<!doctype html><html lang="en"><meta charset="utf-8"><title>No server</title>
<button id="ask">Ask</button> <button id="stop">Stop</button> <button id="again">Read again</button>
<p id="answer"></p><p id="copy"></p><script type="module" src="/page.js"></script></html>`

const bundled = await rolldown({
  input: fileURLToPath(new URL('page.ts', import.meta.url)),
  platform: 'browser',
  resolve: { conditionNames: ['@sluice/source', 'import', 'default'] },
})
const { output } = await bundled.generate({ format: 'esm', codeSplitting: false })

const server = createServer(({ url }, response) => {
  if (url === '/page.js') return void response.setHeader('content-type', 'text/javascript').end(output[0].code)
  return void response.setHeader('content-type', 'text/html; charset=utf-8').end(HTML)
})
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`ready at http://localhost:${(server.address() as AddressInfo).port}`)
})
