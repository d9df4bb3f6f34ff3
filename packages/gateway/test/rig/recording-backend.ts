import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { type SpawnedGateway, spawnGateway } from './spawned-gateway.ts'

/** A request as it has reached the backend. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly response: ServerResponse
}

/** What a backend answers. */
export type Answer = (response: ServerResponse, asked: Asked) => unknown

/** A backend that records what it is asked, and answers as a test says. */
export interface RecordingBackend extends AsyncDisposable {
  readonly server: Server
  readonly url: string
  /** All but a gateway's question at its start. */
  readonly asked: Asked[]
  /** Resolves once a gateway has asked for the models. */
  readonly probed: Promise<void>
  answer: Answer
}

export async function startRecordingBackend(
  base = '/base/v1',
  atStart = answering(200, {}, '{}'),
): Promise<RecordingBackend> {
  const asked: Asked[] = []
  const probed = Promise.withResolvers<void>()
  let isProbed = false
  const backend = {
    answer: ((response) => response.end()) as Answer,
  }
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on('error', () => {})
    const { method = '', url = '', headers } = incoming
    if (!isProbed && url === `${base}/models`) {
      isProbed = true
      response.once('close', () => probed.resolve())
      return void atStart(response, { method, url, headers, body: Buffer.alloc(0), response })
    }
    const pieces: Buffer[] = []
    try {
      for await (const piece of incoming) pieces.push(piece as Buffer)
    } catch {
      return
    }
    const one = { method, url, headers, body: Buffer.concat(pieces), response }
    asked.push(one)
    backend.answer(response, one)
  }
  const server = createServer((incoming, response) => void serve(incoming, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(backend, {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    asked,
    probed: probed.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}

/** A gateway before such a backend. */
export interface Front extends AsyncDisposable {
  readonly gateway: SpawnedGateway
  readonly backend: RecordingBackend
  readonly api: string
}

export async function startFront(
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  atStart?: Answer,
): Promise<Front> {
  const backend = await startRecordingBackend(undefined, atStart)
  const gateway = await spawnGateway(['--upstream', backend.url, ...flags], env)
  await backend.probed
  return {
    gateway,
    backend,
    api: `${gateway.url}/v1`,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    },
  }
}

/** An answer with this status, these headers and this body. */
export function answering(
  status: number,
  headers: Record<string, string | string[]>,
  body: string | Buffer = '',
): Answer {
  return (response) => void response.writeHead(status, headers).end(body)
}
