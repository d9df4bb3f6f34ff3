import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { chunk, DONE } from '../../../wires/test/rig/fake-backend.ts'

/** The pieces of an answer that goes on for a while. */
const MANY = 200

/** A backend that takes whatever it is sent, and answers well: what goes wrong before it is the gateway's own fault. */
export async function startObligingBackend(): Promise<{ baseUrl: string } & AsyncDisposable> {
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => {})
  let text = ''
  for await (const piece of request.setEncoding('utf8')) text += String(piece)
  if (request.url !== '/v1/chat/completions') return void response.end('{"object":"list","data":[]}')
  if (!/"stream"\s*:\s*true/.test(text)) return void response.end(COMPLETION)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const pieces = text.includes('"endless"') ? MANY : 3
  for (let piece = 0; piece < pieces && !response.destroyed; piece++) {
    response.write(chunk({ content: `${piece} ` }))
    await sleep(piece < 3 ? 1 : 20)
  }
  response.end(chunk({}, { finish: 'stop' }) + DONE)
}

const COMPLETION = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
})
