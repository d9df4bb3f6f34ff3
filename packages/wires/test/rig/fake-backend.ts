import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request to a {@link FakeBackend}, and what to do about it. */
export interface Exchange {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: { readonly [name: string]: unknown }
  /** Text of the body. */
  readonly text: string
  readonly response: ServerResponse
  /** Settles when the connection is gone or the answer complete. */
  readonly closed: Promise<void>
  /** Sends the head of a stream. */
  stream(): void
  /** Sends each piece in a packet of its own. */
  send(...pieces: (string | Uint8Array)[]): Promise<void>
  /** Cuts the connection. */
  die(): void
}

/** An OpenAI-compatible backend that does as it is told, however bad. */
export interface FakeBackend extends AsyncDisposable {
  readonly baseUrl: string
  readonly exchanges: readonly Exchange[]
  /** Connections that were ever made. */
  readonly connections: number
  /** The next request to arrive, or the one that already has. */
  first(): Promise<Exchange>
}

export async function startBackend(answer: (exchange: Exchange) => unknown): Promise<FakeBackend> {
  const exchanges: Exchange[] = []
  const arrived = Promise.withResolvers<Exchange>()
  let connections = 0
  const server = createServer((request, response) => void serve(request, response))

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const piece of request.setEncoding('utf8')) text += piece
    const exchange: Exchange = {
      path: request.url!,
      headers: request.headers,
      body: text === '' ? {} : JSON.parse(text),
      text,
      response,
      closed: once(response, 'close').then(() => undefined),
      stream: () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.flushHeaders()
      },
      send: async (...pieces) => {
        for (const piece of pieces) {
          response.write(piece)
          await new Promise(setImmediate)
        }
      },
      die: () => response.destroy(),
    }
    exchanges.push(exchange)
    arrived.resolve(exchange)
    await answer(exchange)
  }

  server.on('connection', (socket) => {
    connections++
    socket.setNoDelay()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    exchanges,
    get connections() {
      return connections
    },
    first: () => arrived.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A chunk as OpenAI sends it, as an SSE event. */
export function chunk(
  delta: object,
  more: { index?: number; finish?: string; choice?: object; chunk?: object } = {},
): string {
  const { index = 0, finish = null } = more
  return `data: ${JSON.stringify({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index, delta, logprobs: null, finish_reason: finish, ...more.choice }],
    usage: null,
    ...more.chunk,
  })}\n\n`
}

export const DONE = 'data: [DONE]\n\n'
