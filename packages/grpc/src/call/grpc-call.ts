import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2'

import { Code, ConnectError } from '@connectrpc/connect'
import { type Connection, deliverOptionsOf, requirePrincipal } from '@sluice/core/extend'

import { type Begun, beginAttach, beginStart } from '../service/begin-reading.ts'
import { EventEncoder, wireOf } from '../message/event-encoder.ts'
import { AttachRequestSchema, StartRequestSchema } from '../gen/sluice/v1/token_stream_pb.ts'
import { parseGrpcTimeout } from '../message/call-timeout.ts'
import { grpcTrailers } from './grpc-trailers.ts'
import { Http2Sink } from './http2-sink.ts'
import { readRequest } from '../message/request-message.ts'
import type { ServiceParts } from '../service/service-parts.ts'
import { type CallStatus, isMasked, statusOfError, statusOfReading } from '../message/status.ts'

const HEADERS = { 'content-type': 'application/grpc+proto', 'grpc-accept-encoding': 'gzip' }
const HTTP2_CANCEL = 8
const TOO_LATE: CallStatus = { code: Code.DeadlineExceeded, message: 'The call has reached its deadline.' }

/**
 * A `Start` or an `Attach` over gRPC, written to the HTTP/2 stream by hand: Connect passes every message through some
 * twenty promises, which costs more than all the rest (`bench`, `grpc-s100`).
 */
export class GrpcCall {
  readonly #parts: ServiceParts
  readonly #request: Http2ServerRequest
  readonly #response: Http2ServerResponse
  readonly #stream: ServerHttp2Stream
  #connection: Connection | undefined
  #callOff: (() => void) | undefined
  #over = false
  readonly #onShutdown = (): void => this.#cut(statusOfError(this.#parts.shutdownSignal?.reason))

  constructor(parts: ServiceParts, request: Http2ServerRequest, response: Http2ServerResponse) {
    this.#parts = parts
    this.#request = request
    this.#response = response
    this.#stream = response.stream
    // However it goes, nobody listens any more. What a stream dies of is told by its closing.
    this.#stream.on('close', () => this.#left()).on('error', ignore)
  }

  /** Answers. Never rejects. */
  async serve(method: 'start' | 'attach'): Promise<void> {
    const { sluice, shutdownSignal } = this.#parts
    try {
      shutdownSignal?.throwIfAborted()
      shutdownSignal?.addEventListener('abort', this.#onShutdown, { once: true })
      const timeoutMs = parseGrpcTimeout(this.#request.headers['grpc-timeout'])
      if (timeoutMs !== undefined) this.#callOff = sluice.after(timeoutMs, () => this.#cut(TOO_LATE))
      this.#deliver(await this.#begin(method))
    } catch (error) {
      if (isMasked(error)) this.#parts.report(error)
      this.#finish(statusOfError(error))
    }
  }

  async #begin(method: 'start' | 'attach'): Promise<Begun> {
    const parts = this.#parts
    const headers = webHeaders(this.#request)
    const schema = method === 'start' ? StartRequestSchema : AttachRequestSchema
    // Nothing is read of who may not call.
    const principal = await requirePrincipal(parts.sluice.scheduler, parts.identify(headers))
    const message = await readRequest(schema, this.#stream, {
      headers: this.#request.headers,
      maxBytes: parts.maxRequestBytes,
      bodies: parts.sluice.bodies,
      limits: parts.messageLimits,
    })
    // Nothing is begun for a client that is gone.
    if (this.#over) throw new ConnectError('The client has left.', Code.Canceled)
    return message.$typeName === 'sluice.v1.StartRequest'
      ? beginStart(parts, message, { headers, principal })
      : beginAttach(parts, message, principal)
  }

  #deliver({ stream, credit, name, reading }: Begun): void {
    const { reader, queueBytes } = this.#parts
    if (this.#over) {
      // It was read for a moment: from here the stream's own policy decides what becomes of it.
      stream.hold()
      return stream.detach()
    }
    this.#response.writeHead(200, HEADERS)
    const encoder = new EventEncoder({ nothingLeft: stream.exhausted ? stream.end : undefined })
    const sink = new Http2Sink(this.#stream, queueBytes, {
      finish: () => this.#finish(statusOfReading(encoder.over)),
    })
    this.#connection = stream.deliver(sink, {
      ...reader,
      ...deliverOptionsOf(reading),
      wire: wireOf(encoder),
      credit,
      name,
    })
  }

  /** The call ends before its reading does: what is queued for a client that does not read is dropped. */
  #cut(status: CallStatus): void {
    if (this.#over) return
    const queued = this.#stream.writableLength > 0
    this.#connection?.lost()
    this.#finish(status)
    if (queued) this.#stream.close(HTTP2_CANCEL)
  }

  /** All is written; the status follows it. */
  #finish(status: CallStatus): void {
    if (this.#over) return
    this.#settle()
    if (this.#stream.destroyed || this.#stream.closed) return
    const response = this.#response
    const trailers = grpcTrailers(status)
    if (response.headersSent) response.addTrailers(trailers)
    // A call without messages has one block of headers, which must be its end: node sees to that where none was sent before.
    else for (const [name, value] of Object.entries({ ...HEADERS, ...trailers })) response.setHeader(name, value)
    response.end()
    // What still comes of a message that was refused is nobody's. Headers leave in this turn; Node 22 would let a reset overtake them.
    if (!this.#stream.readableEnded) this.#stream.once('finish', () => setImmediate(() => this.#stream.close()))
  }

  /** Nothing will happen on the stream any more. */
  #left(): void {
    this.#settle()
    this.#connection?.lost()
  }

  #settle(): void {
    this.#over = true
    this.#callOff?.()
    this.#parts.shutdownSignal?.removeEventListener('abort', this.#onShutdown)
  }
}

function webHeaders({ headers }: Http2ServerRequest): Headers {
  const web = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value]) web.append(name, one)
  }
  return web
}

function ignore(): void {}
