import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** How a client leaves: with a reset, for good but politely, or by ending its own side only. */
export type Leaving = 'rst' | 'fin' | 'half-close'

/** A client on a bare socket: it can leave rudely, and it can stop reading. */
export interface RawClient extends Disposable {
  readonly socket: Socket
  /** All that was received so far. */
  readonly received: string
  /** Resolves when `piece` has been received. */
  until(piece: string): Promise<void>
  leave(how: Leaving): void
  /** Resolves when the server has closed the connection; with the error, if it was reset. */
  readonly closed: Promise<Error | undefined>
}

/** Connects and sends a request; `reading` false leaves all that comes in the kernel's hands. */
export async function openRaw(
  url: string,
  { method = 'POST', path, body = '', headers = {}, reading = true }: RawRequest,
): Promise<RawClient> {
  const { hostname, port, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true })
  let received = ''
  let failure: Error | undefined
  const waiting = new Set<() => void>()
  const closed = Promise.withResolvers<Error | undefined>()
  socket.on('error', (error) => (failure = error))
  socket.on('end', () => socket.end())
  socket.on('close', () => closed.resolve(failure))
  await once(socket, 'connect')
  if (reading) {
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text
      for (const look of waiting) look()
    })
  }
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`, 'content-type: application/json']
  lines.push(`content-length: ${Buffer.byteLength(body)}`)
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  return {
    socket,
    get received() {
      return received
    },
    until: (piece) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!received.includes(piece)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
        void closed.promise.then(() => reject(new Error(`Closed before ${piece} came, after: ${received}`)))
      }),
    leave(how) {
      if (how === 'rst') socket.resetAndDestroy()
      else if (how === 'fin') socket.destroy()
      else socket.end()
    },
    closed: closed.promise,
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

/** A request as it is written to the socket. */
export interface RawRequest {
  method?: string
  path: string
  body?: string
  headers?: Readonly<Record<string, string>>
  reading?: boolean
}
