/** What a newcomer writes: a server on Redis, and a page of twenty lines with a Stop button. */
export const SERVER = `import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createSluice } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { redisStore } from '@sluice/redis'

/** Goes on where the text ends, so that another process can take it over. */
async function* count({ prefix, signal }) {
  for (let next = prefix.split(' ').length - 1; next < 3000 && !signal.aborted; next++) {
    yield next + ' '
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
const sluice = createSluice({ store: redisStore({ url: process.env.REDIS_URL }), sources: { count } })
const resource = createStreamResource({
  sluice,
  identify: () => ({ owner: 'everyone' }),
  runner: () => ({ name: 'count' }),
})
const client = new URL('node_modules/@sluice/client/dist/', import.meta.url)
const server = createServer(async (request, response) => {
  if (request.url.startsWith('/v1/')) {
    return sendPlan(response, await resource.handle(toHttpRequest(request, response, { mount: '/v1' })))
  }
  if (request.url === '/') {
    return response.setHeader('content-type', 'text/html').end(await readFile('index.html'))
  }
  const script = await readFile(new URL('.' + request.url.replace('/client', ''), client)).catch(() => undefined)
  response.writeHead(script ? 200 : 404, { 'content-type': 'text/javascript' }).end(script)
})
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'))
`

export const PAGE = `<!doctype html>
<title>A newcomer's page</title>
<button id="ask">Ask</button>
<button id="stop">Stop</button>
<p id="answer"></p>
<script type="module">
  import { attach, paint, start } from '/client/index.js'
  let stream
  function show(shown) {
    stream = shown
    stream.subscribe(() => {
      if (stream.bookmark) localStorage.setItem('answer', stream.bookmark.url)
      document.title = stream.end?.reason ?? stream.status
    })
    paint(stream, document.querySelector('#answer'))
  }
  document.querySelector('#ask').onclick = () => show(start('/v1/streams', { prompt: 'Count' }))
  document.querySelector('#stop').onclick = () => stream.cancel()
  if (localStorage.getItem('answer')) show(attach({ url: localStorage.getItem('answer') }))
</script>
`
