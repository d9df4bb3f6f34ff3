import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { LogFields } from '../../src/log/log.ts'
import { Backend, type BackendRequest } from '../../src/upstream/backend.ts'
import type { BackendFailure } from '../../src/upstream/failure.ts'

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: LogFields | undefined
}

/** What a gateway has of its backend, before one of bare sockets. */
export interface SocketBackend extends AsyncDisposable {
  readonly backend: Backend
  readonly lines: Line[]
  /** What came, on which connection. */
  readonly came: { readonly connection: number; readonly text: string }[]
  ask(request?: Partial<BackendRequest>): Promise<string>
  /** Why there was no answer. */
  failure(request?: Partial<BackendRequest>): Promise<BackendFailure>
}

export function listeningAt(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** A backend of bare sockets: `answer` is called for each piece of a request that comes. */
export async function startSocketBackend(
  answer: (socket: Socket, nth: number) => unknown,
  { connectMs = 2_000, scheme = 'http' }: { connectMs?: number; scheme?: string } = {},
): Promise<SocketBackend> {
  const came: SocketBackend['came'] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      came.push({ connection, text: String(bytes) })
      answer(socket, came.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const lines: Line[] = []
  const at = (level: string) => (message: string, fields?: LogFields) => lines.push({ level, message, fields })
  const backend = new Backend({
    upstream: `${scheme}://127.0.0.1:${listeningAt(server)}/v1`,
    connectMs,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    after(ms, task) {
      const timer = setTimeout(task, ms)
      return () => clearTimeout(timer)
    },
    env: {},
  })
  const ask = async (request: Partial<BackendRequest> = {}): Promise<string> => {
    const answered = await backend.request({ method: 'GET', path: '/v1/x', headers: {}, ...request })
    let text = ''
    for await (const piece of answered.setEncoding('utf8')) text += piece as string
    return text
  }
  return {
    backend,
    lines,
    came,
    ask,
    failure: (request) =>
      ask(request).then(
        () => Promise.reject(new Error('answered')),
        (error: BackendFailure) => error,
      ),
    async [Symbol.asyncDispose]() {
      backend.close()
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
