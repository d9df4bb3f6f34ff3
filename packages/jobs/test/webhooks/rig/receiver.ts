import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What a receiver has got. */
export interface Got {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly method: string
  readonly path: string
}

/** Answers a request. */
export type Answer = (response: ServerResponse, got: Got, request: IncomingMessage) => void

/** A server that webhooks are sent to. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly got: Got[]
  /** Connections that were ever made. */
  connections: number
  /** Requests that are not answered. */
  open: number
  /** And the most there were. */
  mostOpen: number
  answer: Answer
  close(): Promise<void>
}

/** A certificate that signs itself, with its key. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Answers with a status and nothing else. */
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(code, headers).end()
  }

/** Makes a certificate with `openssl`, for these names. */
export async function makeCertificate(names: string): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-webhooks-'))
  try {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem']
    const subject = ['-subj', '/CN=a receiver of tests', '-addext', `subjectAltName=${names}`, '-days', '2']
    await promisify(execFile)('openssl', ['req', '-x509', ...key, ...subject, '-out', 'cert.pem'], { cwd: folder })
    return { key: readFileSync(join(folder, 'key.pem'), 'utf8'), cert: readFileSync(join(folder, 'cert.pem'), 'utf8') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Starts a receiver on this machine; with a certificate it speaks TLS. */
export async function startReceiver(answer: Answer = status(204), certificate?: Certificate): Promise<Receiver> {
  const got: Got[] = []
  const sockets = new Set<Socket>()
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    receiver.mostOpen = Math.max(receiver.mostOpen, ++receiver.open)
    response.once('close', () => receiver.open--)
    void bodyOf(request).then((body) => {
      const { headers, method = '', url: path = '' } = request
      const one = { headers, body, method, path }
      got.push(one)
      receiver.answer(response, one, request)
    })
  }
  const server: Server = certificate ? createHttpsServer({ ...certificate }, listener) : createHttpServer(listener)
  server.on('connection', (socket: Socket) => {
    receiver.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/hook`,
    port,
    got,
    connections: 0,
    open: 0,
    mostOpen: 0,
    answer,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
    [Symbol.asyncDispose]: () => receiver.close(),
  }
  return receiver
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    // Whoever sent it has gone.
  }
  return Buffer.concat(chunks).toString()
}
