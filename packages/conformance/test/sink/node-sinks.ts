import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'

import type { OpenedSink, SinkClient } from '@sluice/conformance'
import type { Sink } from '@sluice/core/extend'
import { createSseHeaders, DEFAULT_QUEUE_BYTES } from '@sluice/sse'
import { type NodeResponse, sendToResponse } from '@sluice/sse/node'

import { ReceivedBody } from './received-body.ts'

/** A client that has sent its request, does not read, and is to be closed in the end. */
export interface DialledClient extends SinkClient {
  /** Settles when the head of the response has come, where that can be told before the body is read. */
  opened: Promise<unknown>
  close(): void
}

/** How a protocol is spoken on both sides. */
export interface NodeProtocol {
  listen: (handle: (response: NodeResponse) => void) => Server
  dial: (port: number) => DialledClient
}

/** Opens a sink of `@sluice/sse/node`; `middleware` may change the response before. */
export async function openNodeSink(
  { listen, dial }: NodeProtocol,
  middleware: (response: ServerResponse) => void = () => undefined,
): Promise<OpenedSink> {
  const served = Promise.withResolvers<Omit<OpenedSink, 'client' | 'cleanup'>>()
  const sockets = new Set<Socket>()
  const server = listen((response) => {
    middleware(response as ServerResponse)
    served.resolve(serveSink(response))
  })
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = dial((server.address() as AddressInfo).port)
  const [opened] = await Promise.all([served.promise, client.opened])
  return {
    ...opened,
    client,
    async cleanup() {
      client.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function serveSink(response: NodeResponse): Omit<OpenedSink, 'client' | 'cleanup'> {
  let losses = 0
  let given: Sink | undefined
  const lost = Promise.withResolvers<void>()
  const owner = {
    lost() {
      losses++
      lost.resolve()
    },
  }
  const before = listenersOf(response)
  void sendToResponse(response, {
    status: 200,
    headers: createSseHeaders({ streamId: 'x' }),
    queueBytes: DEFAULT_QUEUE_BYTES,
    deliver(sink) {
      given = sink
      return owner
    },
  })
  const added = listenersOf(response).difference(before)
  return {
    sink: given!,
    lost: lost.promise,
    losses: () => losses,
    queuedBytes: () => (response as ServerResponse).writableLength,
    listeners: () => added.intersection(listenersOf(response)).size,
  }
}

function listenersOf(response: NodeResponse): Set<unknown> {
  const emitters = [response, 'stream' in response ? response.stream : response.req.socket]
  return new Set(
    emitters.flatMap((emitter) => emitter.eventNames().flatMap((name) => emitter.listeners(name as string))),
  )
}

/** Node's own client on a connection that is kept. */
export const HTTP1: NodeProtocol = {
  listen: (handle) => createServer((_request, response) => handle(response)),
  dial(port) {
    const body = new ReceivedBody()
    const agent = new Agent({ keepAlive: true })
    const sent = request({ port, host: '127.0.0.1', agent })
    const opened = Promise.withResolvers<IncomingMessage>()
    let response: IncomingMessage | undefined
    sent.on('response', (incoming) => {
      response = incoming.pause()
      incoming.on('data', body.take)
      incoming.on('error', () => body.end(false))
      incoming.on('end', () => body.end(incoming.complete))
      opened.resolve(incoming)
    })
    sent.on('error', (error) => {
      body.end(false)
      opened.reject(error)
    })
    sent.end()
    return {
      received: body.received,
      endedCleanly: body.endedCleanly,
      opened: opened.promise,
      resume: () => void response?.resume(),
      pause: () => void response?.pause(),
      destroy: () => void sent.destroy(),
      close: () => agent.destroy(),
    }
  },
}

/** A socket: with HTTP/1.0 the body ends with the connection. */
export const HTTP1_0: NodeProtocol = {
  listen: HTTP1.listen,
  dial(port) {
    const body = new ReceivedBody()
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).pause()
    let head = ''
    socket.write('GET / HTTP/1.0\r\n\r\n')
    socket.on('data', (piece: Buffer) => {
      if (head.endsWith('\r\n\r\n')) return body.take(piece)
      const text = head + piece.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      head = end === -1 ? text : text.slice(0, end + 4)
      if (end !== -1) body.take(Buffer.from(text.slice(end + 4), 'latin1'))
    })
    // To a client that was not reading, node 22 shows a reset as an end; but what was reset takes no more writes.
    socket.on('end', () => socket.write('?', (error) => body.end(!error)))
    socket.on('error', () => body.end(false))
    socket.on('close', () => body.end(false))
    return {
      received: body.received,
      endedCleanly: body.endedCleanly,
      opened: Promise.resolve(),
      resume: () => void socket.resume(),
      pause: () => void socket.pause(),
      destroy: () => void socket.resetAndDestroy(),
      close: () => void socket.destroy(),
    }
  },
}

export const HTTP2: NodeProtocol = {
  listen: (handle) => createHttp2Server((_request, response) => handle(response)),
  dial(port) {
    const body = new ReceivedBody()
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    session.on('error', () => undefined)
    const stream = session.request({ ':path': '/' }).pause()
    stream.on('data', body.take)
    stream.on('error', () => body.end(false))
    stream.on('end', () => body.end(true))
    stream.on('close', () => body.end(false))
    return {
      received: body.received,
      endedCleanly: body.endedCleanly,
      opened: once(stream, 'response'),
      resume: () => void stream.resume(),
      pause: () => void stream.pause(),
      destroy: () => stream.close(constants.NGHTTP2_CANCEL),
      close: () => session.destroy(),
    }
  },
}
