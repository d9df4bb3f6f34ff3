import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { answerParent } from '../process/child.ts'

/** How many answers it works at; others wait, in their order. */
const SLOTS = Number(process.argv[2] ?? Infinity)
const ANSWER_MS = 50

const answer = { id: 'c', object: 'chat.completion', created: 0, model: 'bench' }
const WHOLE = JSON.stringify({
  ...answer,
  choices: [{ index: 0, message: { role: 'assistant', content: 'An answer' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 8, completion_tokens: 2, total_tokens: 10 },
})
const chunk = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ ...answer, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const STREAMED = `${chunk({ role: 'assistant', content: 'An answer' }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`

const waiting: (() => void)[] = []
let busy = 0

function next(): void {
  while (busy < SLOTS && waiting.length > 0) {
    busy++
    waiting.shift()!()
  }
}

function say(response: ServerResponse, isStreamed: boolean): void {
  busy--
  next()
  const text = isStreamed ? STREAMED : WHOLE
  const type = isStreamed ? 'text/event-stream' : 'application/json'
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text)
}

/** A model that takes 50 ms for every answer, and gives it in one piece. */
const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('latin1').on('data', (text: string) => (body += text))
  request.on('end', () => {
    const isStreamed = /"stream":\s*true/.test(body)
    waiting.push(() => setTimeout(say, ANSWER_MS, response, isStreamed))
    next()
  })
})

answerParent({
  async listen(): Promise<{ port: number }> {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return { port: (server.address() as AddressInfo).port }
  },
})
