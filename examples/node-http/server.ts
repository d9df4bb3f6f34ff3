// A token stream on Node's own server, without a framework and without the HTTP resource: what they do, by hand.
//
//   curl -N 'localhost:3000/?prompt=Hello'                       start
//   curl -N localhost:3000/ -H 'Last-Event-ID: <an id>'          resume
//   curl -X POST localhost:3000/cancel -H 'Last-Event-ID: <id>'  cancel
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { createSluice, isSluiceError } from '@sluice/core'
import { createSseHeaders, nativeSse } from '@sluice/sse'
import { sendToResponse } from '@sluice/sse/node'

const sluice = createSluice({ stream: { onDisconnect: { graceMs: 10_000 } } })
/** Everybody is one owner here; a real server looks at the request. */
const as = { owner: 'everyone' }

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const cursor = request.headers['last-event-id']?.toString()
  if (request.method === 'POST' && pathname === '/cancel') {
    const { end } = await sluice.cancel({ cursor: cursor ?? '' }, { as })
    return void response.setHeader('content-type', 'application/json').end(JSON.stringify(end))
  }
  if (request.method !== 'GET' || pathname !== '/') return void response.writeHead(404).end()

  const prompt = searchParams.get('prompt') ?? 'nothing'
  const stream = cursor
    ? await sluice.attach({ cursor }, { as })
    : await sluice.start(({ signal }) => speak(prompt, signal), { as })
  // Nothing is left to read: 204 is what stops an EventSource from coming back.
  if (stream.exhausted) return void response.writeHead(204).end()
  await sendToResponse(response, {
    status: 200,
    headers: createSseHeaders({ streamId: stream.id }),
    deliver: (sink) => stream.deliver(sink, { wire: nativeSse, continues: cursor !== undefined }),
  })
}

/** Stands in for a model runner. */
async function* speak(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  for (const word of `You said ${prompt}, and this is what a slow model makes of it.`.split(/(?<= )/)) {
    await sleep(50, undefined, { signal })
    yield word
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    const { status, message } = isSluiceError(error) ? error : { status: 500, message: 'Something went wrong.' }
    if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' })
    response.end(message)
  })
})
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
