import { Buffer } from 'node:buffer'
import { connect, type Socket } from 'node:net'

import { until } from '@sluice/testing/patience'

/** One response as it came over a socket. */
export interface RawResponse {
  status: number
  headers: Record<string, string>
  body: Buffer
  /** The chunks it came in; none when it was not chunked. */
  chunks: Buffer[]
  /** True when head and body are complete. */
  complete: boolean
}

const HEAD_END = '\r\n\r\n'

/** A client that is nothing but a socket: what it sends and sees is up to the test, byte for byte. */
export class RawClient {
  readonly socket: Socket
  readonly errors: string[] = []
  /** True once the server has said that it sends no more. */
  ended = false
  closed = false
  #raw: Buffer = Buffer.alloc(0)

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.socket.on('data', (piece: Buffer) => (this.#raw = Buffer.concat([this.#raw, piece])))
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.errors.push(error.code ?? error.message))
    this.socket.on('end', () => (this.ended = true))
    this.socket.on('close', () => (this.closed = true))
  }

  get raw(): Buffer {
    return this.#raw
  }

  send(text: string): void {
    this.socket.write(text)
  }

  /** All responses so far, read strictly; `methods` are those of the requests, in order. */
  responses(...methods: string[]): RawResponse[] {
    const responses: RawResponse[] = []
    for (let rest = this.#raw; rest.length > 0;) {
      const read = readResponse(rest, methods[responses.length] ?? 'GET', this.ended)
      responses.push(read.response)
      if (!read.response.complete) break
      rest = read.rest
    }
    return responses
  }

  /** Waits until at least `count` responses are complete. */
  async complete(count: number, ...methods: string[]): Promise<RawResponse[]> {
    const enough = (): boolean => this.responses(...methods).filter(({ complete }) => complete).length >= count
    await until(enough, `${count} responses that are complete`)
    return this.responses(...methods)
  }
}

function readResponse(raw: Buffer, method: string, ended: boolean): { response: RawResponse; rest: Buffer } {
  const end = raw.indexOf(HEAD_END)
  const response: RawResponse = { status: 0, headers: {}, body: Buffer.alloc(0), chunks: [], complete: false }
  if (end === -1) return { response, rest: raw }
  const [first = '', ...lines] = raw.subarray(0, end).toString('latin1').split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)
  if (!status) throw new Error(`this is no status line: ${JSON.stringify(first)}`)
  response.status = Number(status[1])
  for (const line of lines) {
    const colon = line.indexOf(': ')
    response.headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2)
  }
  const rest = raw.subarray(end + HEAD_END.length)
  if (method === 'HEAD') return { response: { ...response, complete: true }, rest }
  if (response.headers['transfer-encoding'] === 'chunked') return readChunks(rest, response)
  const length = response.headers['content-length']
  if (length === undefined) return { response: { ...response, body: rest, complete: ended }, rest: Buffer.alloc(0) }
  const body = rest.subarray(0, Number(length))
  return { response: { ...response, body, complete: body.length === Number(length) }, rest: rest.subarray(body.length) }
}

/** RFC 9112, section 7.1: size in hexadecimal, CRLF, that many bytes, CRLF; the last has size 0 and no bytes. */
function readChunks(raw: Buffer, response: RawResponse): { response: RawResponse; rest: Buffer } {
  const chunks: Buffer[] = []
  let rest = raw
  for (;;) {
    const line = rest.indexOf('\r\n')
    if (line === -1) break
    const size = rest.subarray(0, line).toString('latin1')
    if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`this is no chunk size: ${JSON.stringify(size.slice(0, 80))}`)
    const length = Number.parseInt(size, 16)
    const after = line + 2 + length
    if (rest.length < after + 2) break
    if (rest.toString('latin1', after, after + 2) !== '\r\n') throw new Error(`a chunk of ${length} bytes is longer`)
    const chunk = rest.subarray(line + 2, after)
    rest = rest.subarray(after + 2)
    if (length === 0) return { response: { ...response, chunks, body: Buffer.concat(chunks), complete: true }, rest }
    chunks.push(chunk)
  }
  return { response: { ...response, chunks, body: Buffer.concat(chunks) }, rest }
}
