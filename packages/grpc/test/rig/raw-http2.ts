import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Types of frames (RFC 9113, section 6). */
export const DATA = 0
export const HEADERS = 1
export const RST_STREAM = 3
export const SETTINGS = 4
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

const REFUSED_STREAM = 7

export const END_STREAM = 1
export const END_HEADERS = 4

/** A frame as it travels. */
export function http2Frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Settings, by their numbers. */
export function settingsFrame(settings: Readonly<Record<number, number>> = {}): Buffer {
  const entries = Object.entries(settings).map(([id, value]) => {
    const entry = Buffer.alloc(6)
    entry.writeUInt16BE(Number(id), 0)
    entry.writeUInt32BE(value, 2)
    return entry
  })
  return http2Frame(SETTINGS, 0, 0, Buffer.concat(entries))
}

/** Headers as literals that nobody remembers: no table, no Huffman. */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')])
  const fields = Object.entries(headers).map(([name, value]) =>
    Buffer.concat([Buffer.from([0]), text(name), text(value)]),
  )
  return Buffer.concat(fields)
}

/** What a call of the service begins with. */
export function callHeaders(method: string): Buffer {
  return headerBlock({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': `/sluice.v1.TokenStreamService/${method}`,
    ':authority': 'x',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
}

/** A connection that keeps none of the protocol's rules but those it is told to. */
export class RawHttp2 implements Disposable {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  #bytes = Buffer.alloc(0)
  /** How many frames of each type came. */
  readonly came: Map<number, number> = new Map()
  /** Bytes of data. */
  dataBytes = 0
  /** Streams that were refused before anything was done for them. */
  refused = 0
  /** What the server's GOAWAY said. */
  goaway: number | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {}).on('data', (piece: Buffer) => this.#take(piece))
  }

  static async open(
    { address }: { address: string },
    settings: Readonly<Record<number, number>> = {},
  ): Promise<RawHttp2> {
    const [host, port] = address.split(':')
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    const peer = new RawHttp2(socket)
    peer.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'), settingsFrame(settings))
    return peer
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.writable
  }

  send(...frames: readonly Buffer[]): void {
    if (this.isOpen) this.socket.write(Buffer.concat(frames))
  }

  /** Sends again and again, as fast as it is taken, until the server has had enough, or `times` is over. */
  async flood(frames: Buffer, times: number): Promise<void> {
    for (let time = 0; time < times && this.isOpen; time++) {
      if (this.socket.write(frames)) await new Promise((resolve) => setImmediate(resolve))
      else await Promise.race([once(this.socket, 'drain').catch(() => {}), this.closed])
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #take(piece: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, piece])
    while (this.#bytes.length >= 9) {
      const end = 9 + this.#bytes.readUIntBE(0, 3)
      if (this.#bytes.length < end) return
      const type = this.#bytes[3]!
      this.came.set(type, (this.came.get(type) ?? 0) + 1)
      if (type === DATA) this.dataBytes += end - 9
      if (type === RST_STREAM && this.#bytes.readUInt32BE(9) === REFUSED_STREAM) this.refused++
      if (type === GOAWAY) this.goaway = this.#bytes.readUInt32BE(13)
      this.#bytes = this.#bytes.subarray(end)
    }
  }
}
