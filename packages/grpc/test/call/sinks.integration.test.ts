import { once } from 'node:events'
import { connect, constants, createServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'

import { describeSink, type OpenedSink } from '@sluice/conformance'
import { DEFAULT_READER_OPTIONS } from '@sluice/core'

import { Http2Sink } from '../../src/call/http2-sink.ts'
import { PullSink } from '../../src/service/pull-sink.ts'

const { queueBytes } = DEFAULT_READER_OPTIONS
const PREFIX_BYTES = 5

/** The messages of a call so far, their prefixes removed, and how it ended. */
class ReceivedMessages {
  readonly #over = Promise.withResolvers<boolean>()
  #plain: Buffer = Buffer.alloc(0)
  #rest: Buffer = Buffer.alloc(0)
  /** Of the message that is under way. */
  #missing = 0

  readonly received = (): Uint8Array => this.#plain

  get endedCleanly(): Promise<boolean> {
    return this.#over.promise
  }

  readonly take = (piece: Uint8Array): void => {
    const plain = [this.#plain]
    let bytes = Buffer.concat([this.#rest, piece])
    for (;;) {
      const some = bytes.subarray(0, this.#missing)
      plain.push(some)
      this.#missing -= some.length
      bytes = bytes.subarray(some.length)
      if (this.#missing > 0 || bytes.length < PREFIX_BYTES) break
      this.#missing = bytes.readUInt32BE(1)
      bytes = bytes.subarray(PREFIX_BYTES)
    }
    this.#rest = bytes
    this.#plain = Buffer.concat(plain)
  }

  readonly end = (cleanly: boolean): void => this.#over.resolve(cleanly)
}

async function openHttp2Sink(): Promise<OpenedSink> {
  const served = Promise.withResolvers<Omit<OpenedSink, 'client' | 'cleanup'>>()
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer((_request, response) => {
    let losses = 0
    const lost = Promise.withResolvers<void>()
    const { stream } = response
    response.writeHead(200, { 'content-type': 'application/grpc+proto' })
    const finish = (): void => {
      response.addTrailers({ 'grpc-status': '0' })
      response.end()
    }
    // Node has one of its own.
    const before = stream.listenerCount('drain')
    const sink = new Http2Sink(stream, queueBytes, { finish })
    stream.on('error', () => {})
    stream.on('close', () => {
      sink.over()
      losses++
      lost.resolve()
    })
    served.resolve({
      sink,
      lost: lost.promise,
      losses: () => losses,
      queuedBytes: () => stream.writableLength,
      listeners: () => stream.listenerCount('drain') - before,
    })
  })
  server.on('session', (session) => sessions.add(session))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  session.on('error', () => {})
  const body = new ReceivedMessages()
  const call = session.request({ ':path': '/' }).pause()
  let status: unknown
  call.on('data', body.take).on('error', () => body.end(false))
  call.on('trailers', (trailers) => (status = trailers['grpc-status']))
  call.on('end', () => body.end(status === '0'))
  call.on('close', () => body.end(false))
  const [opened] = await Promise.all([served.promise, once(call, 'response')])
  return {
    ...opened,
    client: {
      received: body.received,
      endedCleanly: body.endedCleanly,
      resume: () => void call.resume(),
      pause: () => void call.pause(),
      destroy: () => call.close(constants.NGHTTP2_CANCEL),
    },
    async cleanup() {
      session.destroy()
      for (const one of sessions) one.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A sink whose messages are asked for as Connect asks for them. */
function openPullSink(joins: boolean): OpenedSink {
  const sink = new PullSink(queueBytes, joins)
  const plain: Uint8Array[] = []
  const over = Promise.withResolvers<boolean>()
  let reading = Promise.withResolvers<void>()
  let cut = false
  const destroy = sink.destroy.bind(sink)
  sink.destroy = () => {
    cut = true
    destroy()
  }
  // The sink closes by destroying itself once it is empty: that is no cut.
  const close = sink.close.bind(sink)
  sink.close = () => {
    const before = cut
    close()
    cut = before
  }
  const read = async (): Promise<void> => {
    for (;;) {
      await reading.promise
      const message = await sink.next()
      if (message === undefined) return over.resolve(!cut)
      plain.push(message)
    }
  }
  void read()
  return {
    sink,
    lost: over.promise.then(() => undefined),
    losses: () => 0,
    client: {
      received: () => Buffer.concat(plain),
      endedCleanly: over.promise,
      resume: () => reading.resolve(),
      pause() {
        reading = Promise.withResolvers()
      },
      destroy: () => sink.destroy(),
    },
    cleanup() {
      sink.destroy()
      reading.resolve()
      return Promise.resolve()
    },
  }
}

describeSink('a gRPC call over HTTP/2', { open: openHttp2Sink, queueBytes })
describeSink('a call of Connect', {
  open: async () => openPullSink(true),
  queueBytes,
  transportBytes: 0,
  tellsLoss: false,
})
describeSink('a session of Connect', {
  open: async () => openPullSink(false),
  queueBytes,
  transportBytes: 0,
  tellsLoss: false,
})
