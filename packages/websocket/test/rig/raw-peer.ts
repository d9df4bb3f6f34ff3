import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import { type RawFrame, toFrame } from './raw-frame.ts'

export const TEXT = 1
export const CONTINUATION = 0
export const PING = 9
export const PONG = 10

/** A peer that keeps none of the protocol's rules but those it is told to. */
export class RawPeer {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  readonly #over: Promise<unknown>

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    this.#over = new Promise((resolve) => socket.once('close', resolve))
  }

  static async open(port: number, headers = ''): Promise<RawPeer> {
    const socket = connect(port, '127.0.0.1')
    const key = randomBytes(16).toString('base64')
    socket.write(
      `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sluice.v1\r\n${headers}\r\n`,
    )
    const [head] = (await once(socket, 'data')) as [Buffer]
    const peer = new RawPeer(socket)
    peer.head = head.toString('latin1')
    socket.on('data', (chunk: Buffer) => peer.#chunks.push(chunk))
    return peer
  }

  /** What the server answered the upgrade. */
  head = ''

  send(...frames: RawFrame[]): void {
    this.socket.write(Buffer.concat(frames.map(toFrame)))
  }

  /** Everything that came after the upgrade, until the connection was over. */
  async rest(): Promise<Buffer> {
    await this.#over
    return Buffer.concat(this.#chunks)
  }

  /** The code of the close frame, and the text of all that came before it. */
  async farewell(): Promise<{ code: number | undefined; text: string }> {
    // Answered, so that the server need not wait; a reset may have been quicker.
    const closing = setInterval(() => {
      if (Buffer.concat(this.#chunks).includes(0x88)) this.socket.end()
    }, 5)
    const bytes = await this.rest()
    clearInterval(closing)
    let at = 0
    let text = ''
    while (at + 2 <= bytes.length) {
      const short = bytes[at + 1]! & 0x7f
      const head = short === 126 ? 4 : 2
      const length = short === 126 ? bytes.readUInt16BE(at + 2) : short
      const payload = bytes.subarray(at + head, at + head + length)
      if (bytes[at] === 0x88) return { code: payload.length < 2 ? 1005 : payload.readUInt16BE(0), text }
      if (bytes[at] === 0x81) text += payload.toString()
      at += head + length
    }
    return { code: undefined, text }
  }
}
