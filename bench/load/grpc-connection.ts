import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'

import { nowUs } from '../process/clock.ts'

/** Room enough that flow control is not what is measured, … */
const WINDOW_BYTES = 64 * 1024 * 1024
/** … and what a reader that stalls leaves open: HTTP/2's own default. */
const STALLED_WINDOW_BYTES = 65_535

/** One connection for the streams of a process, as gRPC clients have it. */
export function openGrpcSession(port: number, stalls: boolean): ClientHttp2Session {
  const initialWindowSize = stalls ? STALLED_WINDOW_BYTES : WINDOW_BYTES
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize } })
  session.once('connect', () => session.setLocalWindowSize(WINDOW_BYTES))
  session.on('error', () => {})
  return session
}

/** One `Start` call: bytes are kept, and looked at when all is over. */
export class GrpcLoadConnection {
  readonly request: { readonly stream: number }
  readonly opened: Promise<void>
  readonly ended: Promise<void>
  readonly readUs: number[] = []
  readonly readEnds: number[] = []
  readonly sentUs: number
  length = 0
  /** What the trailers say. */
  status: number | undefined
  readonly #call: ClientHttp2Stream
  readonly #pieces: Buffer[] = []

  constructor(session: ClientHttp2Session, stream: number, path: string, stalls: boolean) {
    this.request = { stream }
    const opened = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    this.opened = opened.promise
    this.ended = ended.promise
    this.sentUs = nowUs()
    this.#call = session.request({
      ':method': 'POST',
      ':path': '/sluice.v1.TokenStreamService/Start',
      'content-type': 'application/grpc+proto',
      te: 'trailers',
    })
    this.#call.on('trailers', (trailers) => (this.status = Number(trailers['grpc-status'])))
    this.#call.on('data', (piece: Buffer) => {
      this.length += piece.length
      this.#pieces.push(piece)
      this.readUs.push(nowUs())
      this.readEnds.push(this.length)
      opened.resolve()
      if (stalls) this.#call.pause()
    })
    this.#call.on('error', () => {})
    this.#call.on('close', () => {
      opened.resolve()
      ended.resolve()
    })
    this.#call.end(startRequest(path))
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  close(): void {
    this.#call.destroy()
  }
}

/** `StartRequest { input: { path } }` with the five bytes before it, by hand: the load process needs no library. */
function startRequest(path: string): Buffer {
  const field = (tag: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.of(tag, bytes.length), bytes])
  const value = field(0x1a, Buffer.from(path))
  const entry = Buffer.concat([field(0x0a, Buffer.from('path')), field(0x12, value)])
  const message = field(0x0a, field(0x0a, entry))
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
