import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A backend that speaks when it is told to, and no sooner. */
export interface CuedBackend extends AsyncDisposable {
  /** For `--upstream`. */
  readonly url: string
  /** How often an answer was asked for. */
  readonly asked: number
  /** Answers that were left before they were at their end. */
  readonly left: number
  /** Forgets what was said: what is asked next is answered anew. */
  renew(): void
  /** Says more, to whoever listens and to those who come. */
  say(...tokens: readonly string[]): void
  /** There is no more to say. */
  finish(): void
}

/** The key that it does not take. */
export const WRONG_KEY = 'sk-wrong'

export async function startCuedBackend(): Promise<CuedBackend> {
  const answers = new Set<ServerResponse>()
  let said: string[] = []
  let isOver = false
  let asked = 0
  let left = 0
  const server = createServer((request, response) => {
    if (request.headers.authorization === `Bearer ${WRONG_KEY}`) {
      const error = { message: 'Incorrect API key provided.', type: 'invalid_request_error', code: 'invalid_api_key' }
      return void response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
    }
    if (request.method === 'GET') {
      return void response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ object: 'list', data: [{ id: 'cued', object: 'model' }] }))
    }
    asked++
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.once('close', () => {
      answers.delete(response)
      if (!response.writableFinished) left++
    })
    answers.add(response)
    for (const token of said) speak(response, token)
    if (isOver) close(response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get asked() {
      return asked
    },
    get left() {
      return left
    },
    renew() {
      for (const response of answers) response.destroy()
      said = []
      isOver = false
      asked = 0
      left = 0
    },
    say(...tokens) {
      said.push(...tokens)
      for (const response of answers) for (const token of tokens) speak(response, token)
    },
    finish() {
      isOver = true
      for (const response of answers) close(response)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function speak(response: ServerResponse, content: string, finish: string | null = null): void {
  const choices = [{ index: 0, delta: content === '' ? {} : { content }, finish_reason: finish }]
  const chunk = { id: 'c', object: 'chat.completion.chunk', created: 0, model: 'cued', choices }
  response.write(`data: ${JSON.stringify(chunk)}\n\n`)
}

function close(response: ServerResponse): void {
  speak(response, '', 'stop')
  response.end('data: [DONE]\n\n')
}
