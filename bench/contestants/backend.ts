import type { IncomingMessage } from 'node:http'

import { host, serve } from './host.ts'

/** An OpenAI-compatible backend: what a gateway stands in front of. A write per token, as model runners do. */
await host(({ sourceFor }) =>
  serve(async (request, response) => {
    // A gateway asks for the models at its start.
    if (request.method === 'GET') return void response.end('{"object":"list","data":[]}')
    // And whether there is another format than this one.
    if (request.url !== '/v1/chat/completions') return void response.writeHead(404).end()
    const { model } = JSON.parse(await bodyOf(request)) as { model: string }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    response.flushHeaders()
    for await (const content of sourceFor({ url: `/${model}` })()) response.write(chunk(model, { content }, null))
    response.write(chunk(model, {}, 'stop'))
    response.end('data: [DONE]\n\n')
  }),
)

function chunk(model: string, delta: { content?: string }, finish: string | null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }]
  const json = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model, choices }
  return `data: ${JSON.stringify(json)}\n\n`
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const part of request.setEncoding('utf8')) body += part as string
  return body
}
