import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'

import { type DescMessage, fromBinary, type MessageInitShape } from '@bufbuild/protobuf'
import {
  type AttachAsked,
  GRPC_REFUSALS,
  RecordedReading,
  type ServedTransport,
  type ServeParts,
  type TransportClient,
  type TransportDriver,
  TransportRefusal,
} from '@sluice/conformance'
import { createGrpcServer } from '@sluice/grpc'
import {
  AttachRequestSchema,
  AttachResponseSchema,
  CancelRequestSchema,
  CancelResponseSchema,
  type Event,
  SessionRequestSchema,
  SessionResponseSchema,
  StartRequestSchema,
} from '@sluice/grpc/v1'

import { encode, openSession } from '../../../grpc/test/rig/http2-client.ts'
import { STATUS_NAMES, toEnd, toNativeEvent } from './grpc-events.ts'
import { GrpcFrames } from './grpc-frames.ts'

/** gRPC as it is on HTTP/2, by hand: nothing of a library's is between the suite and the server. */
export const GRPC: TransportDriver = {
  serve,
  refusals: GRPC_REFUSALS,
  beats: 'heartbeats',
  asksPeers: true,
  nothingLeft: 'status',
  transportBytes: 256 * 1024,
}

async function serve({ sluice, identify, run, pingMs }: ServeParts): Promise<ServedTransport> {
  const server = createGrpcServer({
    sluice,
    identify: (headers) => identify(headers.get('authorization')?.slice('Bearer '.length)),
    run,
    port: 0,
    keepAliveMs: pingMs,
    keepAliveTimeoutMs: pingMs,
  })
  const { port: ownPort } = await server.listen()
  return {
    port: ownPort,
    connect: ({ credential, port = ownPort }) => new GrpcClient(openSession(`http://127.0.0.1:${port}`), credential),
    drain: (withinMs) => server.drain({ withinMs }),
    close: () => server.close(),
  }
}

interface Status {
  code: number
  reason: string
  message: string
}

/** A client with one connection. */
class GrpcClient implements TransportClient {
  readonly #session: ClientHttp2Session
  readonly #credential: string
  #call: ClientHttp2Stream | undefined

  constructor(session: ClientHttp2Session, credential: string) {
    this.#session = session
    this.#credential = credential
  }

  start(): Promise<RecordedReading> {
    const call = this.#begin('Start')
    call.end(encode(StartRequestSchema))
    return this.#read(call, AttachResponseSchema)
  }

  /** Credit that is to be added to needs a way back: a session. */
  attach({ after = '', credit, ...ref }: AttachAsked): Promise<RecordedReading> {
    const request: MessageInitShape<typeof AttachRequestSchema> = {
      ref: { ref: 'id' in ref ? { case: 'id', value: ref.id } : { case: 'cursor', value: ref.cursor } },
      after,
    }
    if (credit === undefined) {
      const call = this.#begin('Attach')
      call.end(encode(AttachRequestSchema, request))
      return this.#read(call, AttachResponseSchema)
    }
    const call = this.#begin('Session')
    const value = { ...request, credit: BigInt(credit) }
    call.write(encode(SessionRequestSchema, { stream: 1, request: { case: 'attach', value } }))
    return this.#read(call, SessionResponseSchema)
  }

  async ack({ cursor, credit }: { cursor: string; credit: number }): Promise<void> {
    const value = { cursor, events: BigInt(credit) }
    this.#call!.write(encode(SessionRequestSchema, { stream: 1, request: { case: 'credit', value } }))
  }

  async cancel(id: string): Promise<{ reason: string; cause?: string }> {
    const call = this.#begin('Cancel')
    call.end(encode(CancelRequestSchema, { ref: { ref: { case: 'id', value: id } } }))
    let answer: Uint8Array | undefined
    const frames = new GrpcFrames((message) => (answer = message))
    call.on('data', (bytes: Buffer) => frames.push(bytes))
    const status = await statusOf(call)
    if (status?.code !== 0 || !answer) throw refusalOf(status)
    return toEnd(fromBinary(CancelResponseSchema, answer).info!.end!)
  }

  pause(): void {
    this.#call?.pause()
  }

  resume(): void {
    this.#call?.resume()
  }

  drop(): void {
    this.#session.destroy()
  }

  #begin(method: string): ClientHttp2Stream {
    const call = this.#session.request({
      ':method': 'POST',
      ':path': `/sluice.v1.TokenStreamService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${this.#credential}`,
    })
    call.on('error', () => {})
    return call
  }

  async #read(call: ClientHttp2Stream, schema: DescMessage): Promise<RecordedReading> {
    this.#call = call
    const reading = new RecordedReading(() => call.close(HTTP2_CANCEL))
    const frames = new GrpcFrames((bytes) => {
      const { events, over } = fromBinary(schema, bytes) as unknown as { events: Event[]; over?: OverMessage }
      for (const message of events) {
        const event = toNativeEvent(message)
        if (event) reading.add(event)
        else reading.beat()
      }
      // What a session says of one reading is what a call of its own would have said.
      if (over) finish(reading, { code: over.code, reason: over.reason, message: over.message })
    })
    call.on('data', (bytes: Buffer) => frames.push(bytes))
    let refused: Status | undefined
    void statusOf(call).then((status) => {
      refused = status
      finish(reading, status)
    })
    await reading.opened
    const { over } = await Promise.race([
      reading.over.then((told) => ({ over: told })),
      Promise.resolve({ over: undefined }),
    ])
    if (reading.events.length === 0 && over?.complete !== true) throw refusalOf(refused)
    return reading
  }
}

interface OverMessage {
  code: number
  reason: string
  message: string
}

const HTTP2_CANCEL = 8

function finish(reading: RecordedReading, status: Status | undefined): void {
  if (!status) return reading.finish({ polite: false, told: 'cut' })
  reading.finish({ polite: true, complete: status.code === 0, told: STATUS_NAMES[status.code] })
}

/** The status that a call ends with, in its trailers or instead of everything; nothing when it is cut. */
function statusOf(call: ClientHttp2Stream): Promise<Status | undefined> {
  return new Promise((resolve) => {
    call.on('response', (headers) => {
      if (headers[':status'] !== 200 || headers['content-type'] !== 'application/grpc+proto')
        call.destroy(new Error(`this is no answer of gRPC: ${JSON.stringify(headers)}`))
    })
    const look = (headers: IncomingHttpHeaders): void => {
      if (headers['grpc-status'] === undefined) return
      resolve({
        code: Number(headers['grpc-status']),
        reason: String(headers['sluice-code'] ?? ''),
        message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
      })
    }
    call
      .on('response', look)
      .on('trailers', look)
      .on('close', () => resolve(undefined))
  })
}

function refusalOf(status: Status | undefined): Error {
  if (!status) return new Error('the call was cut')
  return new TransportRefusal({ code: status.reason, status: STATUS_NAMES[status.code]!, text: status.message })
}
