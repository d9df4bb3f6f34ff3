import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Engine } from '../../engine.ts'

/** An inference server with no more to it than a gateway asks for. */
export interface OpenAiServer extends AsyncDisposable {
  readonly baseUrl: string
}

interface ChatRequest {
  readonly model: string
  readonly messages: readonly { readonly content: string }[]
  readonly max_tokens?: number
}

/** Serves chat completions of an engine as `llama-server` does: a connection that is closed is a request that is cancelled. */
export async function startOpenAiServer(engine: Engine): Promise<OpenAiServer> {
  const server = createServer((request, response) => {
    if (request.url === '/v1/chat/completions') return void complete(engine, request, response).catch(() => {})
    if (request.url === '/v1/models') return void response.end('{"object":"list","data":[]}')
    return void response.writeHead(404).end()
  })
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

async function complete(engine: Engine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  let sent = ''
  for await (const piece of request.setEncoding('utf8')) sent += piece
  const { model, messages, max_tokens: maxTokens = 512 } = JSON.parse(sent) as ChatRequest
  const facts = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model }
  const write = async (delta: object, finish: string | null = null): Promise<void> => {
    const chunk = { ...facts, choices: [{ index: 0, delta, finish_reason: finish }] }
    if (!response.write(`data: ${JSON.stringify(chunk)}\n\n`)) await once(response, 'drain', { signal: gone.signal })
  }

  response.writeHead(200, { 'content-type': 'text/event-stream' })
  await write({ role: 'assistant', content: '' })
  const prompt = messages.map(({ content }) => content).join('\n')
  for await (const content of engine.generate({ prompt, maxTokens, signal: gone.signal })) await write({ content })
  await write({}, 'stop')
  response.end('data: [DONE]\n\n')
}
