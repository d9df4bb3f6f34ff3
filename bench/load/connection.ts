import { connect, type Socket } from 'node:net'

import { nowUs } from '../process/clock.ts'
import { clientFrame, type Dialect, upgradeRequest } from '../traffic/dialect.ts'

/** What one connection asks for, and how it behaves. */
export interface LoadRequest {
  readonly stream: number
  readonly path: string
  /** Where an earlier reading of the same stream broke off. */
  readonly lastEventId?: string
  /** Body of a POST; without one it is a GET. */
  readonly body?: string
  /** What else its head says. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Speaks WebSocket, in this way. */
  readonly dialect?: Dialect | undefined
  /** Reads the head and then nothing more. */
  readonly stalls?: boolean
}

/** All sockets read into the same bytes: no allocation per read. */
const READ_BUFFER = Buffer.allocUnsafe(256 * 1024)
const HEAD_END = '\r\n\r\n'
/** Ends every chunked body, and cannot occur at the end of an SSE event. */
const BODY_END = Buffer.from('0\r\n\r\n')
/** The same of a stream over WebSocket, in every dialect. */
const STREAM_END = /"complete":true\}\]?$/

/** One HTTP/1.1 response, read as cheaply as node can: bytes are kept, and looked at when all is over. */
export class LoadConnection {
  readonly request: LoadRequest
  readonly socket: Socket
  readonly opened: Promise<void>
  readonly ended: Promise<void>
  /** When the last read that reached up to `readEnds[i]` took place. */
  readonly readUs: number[] = []
  readonly readEnds: number[] = []
  length = 0
  connectUs: number
  sentUs = 0
  droppedUs = 0
  #bytes: Buffer = Buffer.allocUnsafeSlow(1024)
  #isOpen = false
  #said = 0
  readonly #opened = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()

  /** `waits`: connects, and sends its request when told to. */
  constructor(port: number, request: LoadRequest, waits = false) {
    this.request = request
    this.opened = this.#opened.promise
    this.ended = this.#ended.promise
    this.connectUs = nowUs()
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (size, bytes) => this.#read(size, bytes as Buffer) },
    })
    this.socket.on('error', (error) => this.#fail(error))
    this.socket.on('close', () => this.#fail(new Error('closed before its body was over')))
    this.opened.catch(() => {})
    this.ended.catch(() => {})
    if (!waits) this.send()
  }

  send(): void {
    const { path, body, lastEventId, dialect, headers = {} } = this.request
    this.sentUs = nowUs()
    if (dialect) return void this.socket.write(upgradeRequest(dialect.path(path)), 'latin1')
    let head = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n`
    for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`
    if (lastEventId !== undefined) head += `Last-Event-ID: ${lastEventId}\r\n`
    if (body !== undefined) head += `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
    this.socket.write(`${head}\r\n${body ?? ''}`, 'latin1')
  }

  /** Everything that was read, from the status line on. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  /** Leaves, as a page that is closed does. */
  drop(): void {
    this.droppedUs = nowUs()
    this.socket.destroy()
  }

  #read(size: number, bytes: Buffer): boolean {
    const before = this.length
    this.length += size
    if (this.length > this.#bytes.length) this.#grow()
    bytes.copy(this.#bytes, before, 0, size)
    this.readUs.push(nowUs())
    this.readEnds.push(this.length)
    if (this.request.dialect) return this.#heard(this.request.dialect)
    if (!this.#isOpen && this.bytes.includes(HEAD_END, 0, 'latin1')) {
      this.#isOpen = true
      this.#opened.resolve()
      if (this.request.stalls) return false
    }
    if (BODY_END.compare(this.#bytes, this.length - 5, this.length) === 0) {
      this.#ended.resolve()
      this.socket.destroy()
    }
    return true
  }

  /** The same over WebSocket: says what is to be said, and looks whether the stream has opened or ended. */
  #heard({ talk, opened }: Dialect): boolean {
    if (!this.#isOpen) {
      const text = this.bytes.toString('latin1')
      for (let next = talk[this.#said]; next && text.includes(next.after); next = talk[this.#said]) {
        this.#said++
        for (const message of next.say(this.request.path)) this.socket.write(clientFrame(message))
      }
      if (!text.includes(opened)) return true
      this.#isOpen = true
      this.#opened.resolve()
      if (this.request.stalls) return false
    }
    if (STREAM_END.test(this.#bytes.toString('latin1', Math.max(0, this.length - 20), this.length))) {
      this.#ended.resolve()
      this.socket.destroy()
    }
    return true
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.length)
    this.#bytes.copy(larger)
    this.#bytes = larger
  }

  #fail(error: Error): void {
    const named = new Error(`stream ${this.request.stream}: ${error.message}`)
    this.#opened.reject(named)
    this.#ended.reject(named)
  }
}
