import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
  type Http2ServerRequest,
} from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'

import type { NodeResponse } from '@sluice/sse/node'

export type Protocol = 'HTTP/1.1' | 'HTTP/2'

/** How the client saw its response end. */
export type Ending = 'whole' | 'cut'

/** A client that does nothing it is not told to; it begins without reading. */
export interface WireClient {
  /** The body so far; on HTTP/1.1 with head and chunk sizes. */
  raw(): string
  read(): void
  /** Leaves at once: RST of the socket or of the stream. */
  leave(): void
  ending: Promise<Ending>
}

/** A server whose every request is handed to `handle`. */
export interface WireServer extends AsyncDisposable {
  port: number
  protocol: Protocol
  closeAllConnections(): void
}

export type Handle = (response: NodeResponse, request: IncomingMessage | Http2ServerRequest) => void

export async function serve(protocol: Protocol, handle: Handle): Promise<WireServer> {
  const sockets = new Set<Socket>()
  const server =
    protocol === 'HTTP/2'
      ? createHttp2Server((request, response) => handle(response, request))
      : createServer((request: IncomingMessage, response: ServerResponse) => handle(response, request))
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('clientError', (_error: Error, socket: Socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const closeAllConnections = (): void => sockets.forEach((socket) => socket.destroy())
  return {
    port: (server.address() as AddressInfo).port,
    protocol,
    closeAllConnections,
    async [Symbol.asyncDispose]() {
      server.close()
      closeAllConnections()
      await once(server, 'close')
    },
  }
}

export function request({ protocol, port }: WireServer, method = 'GET'): WireClient {
  return protocol === 'HTTP/2' ? requestHttp2(port, method) : requestHttp1(port, method)
}

function requestHttp1(port: number, method: string): WireClient {
  const { socket, raw, reset } = connectRaw(port)
  socket.pause()
  socket.write(`${method} / HTTP/1.1\r\nHost: sluice\r\n\r\n`)
  const ending = Promise.withResolvers<Ending>()
  const last = method === 'HEAD' ? '\r\n\r\n' : '\r\n0\r\n\r\n'
  let tail = ''
  socket.on('data', (piece: Buffer) => {
    tail = (tail + piece.subarray(-last.length).toString('latin1')).slice(-last.length)
    if (tail === last) ending.resolve('whole')
  })
  socket.on('end', () => ending.resolve('cut'))
  socket.on('close', () => ending.resolve('cut'))
  return { raw, read: () => socket.resume(), leave: reset, ending: ending.promise }
}

function requestHttp2(port: number, method: string): WireClient {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  const stream = session.request({ ':method': method, ':path': '/' })
  let text = ''
  // What a reader of the stream is told, and no more: that is all most clients look at.
  const ending = Promise.withResolvers<Ending>()
  stream.on('data', (piece: Buffer) => (text += piece.toString()))
  stream.on('error', () => ending.resolve('cut'))
  stream.on('end', () => ending.resolve('whole'))
  stream.on('close', () => session.destroy())
  stream.pause()
  const leave = (): void => stream.close(constants.NGHTTP2_CANCEL)
  return { raw: () => text, read: () => stream.resume(), leave, ending: ending.promise }
}

/** A plain socket, its bytes as text, and a way to reset it. */
export function connectRaw(port: number): { socket: Socket; raw: () => string; reset: () => void } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.on('error', () => undefined)
  return { socket, raw: () => Buffer.concat(pieces).toString(), reset: () => void socket.resetAndDestroy() }
}
