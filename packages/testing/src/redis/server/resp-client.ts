import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { DEADLINE_MS } from './until.ts'

const CLOSED = 'the connection was closed'

/** A command that the server refused; the message is its own, as in `WRONGTYPE Operation against a key …`. */
export class RespError extends Error {
  override readonly name = 'RespError'
}

/** Whom to speak to. */
export interface RespTarget {
  readonly host: string
  readonly port: number
  readonly password?: string | undefined
}

/**
 * A client for steering a server: RESP2, text only, one command at a time over one connection, which is made anew for
 * the first command after it was lost. A command is never sent twice.
 */
export class RespClient {
  readonly #target: RespTarget
  #socket: Socket | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(target: RespTarget) {
    this.#target = target
  }

  /** Error replies reject, except inside an array, where they are its items. */
  command(args: readonly string[]): Promise<unknown> {
    const answered = this.#last.then(async () => exchange(await this.#connection(), args))
    this.#last = answered.catch(() => {})
    return answered
  }

  /** For good: what waits fails, and does not reach a server that is started in the place of this one. */
  close(): void {
    this.#closed = true
    this.#socket?.destroy(new Error(CLOSED))
  }

  async #connection(): Promise<Socket> {
    if (this.#closed) throw new Error(CLOSED)
    if (this.#socket && !this.#socket.destroyed) return this.#socket
    const { host, port, password } = this.#target
    const socket = connect({ host, port, noDelay: true })
    // Between commands nobody else listens, and an error without a listener would end the process.
    socket.on('error', () => {})
    this.#socket = socket
    await once(socket, 'connect')
    if (password !== undefined) await exchange(socket, ['AUTH', password])
    return socket
  }
}

function exchange(socket: Socket, args: readonly string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0)
    const timer = setTimeout(() => fail(new Error(`no answer within ${DEADLINE_MS / 1000} s`)), DEADLINE_MS)

    function settle(): void {
      clearTimeout(timer)
      socket.off('data', read).off('error', fail).off('close', lose)
    }
    function fail(cause: Error): void {
      settle()
      // What the server says later would be taken for the answer to the next command.
      socket.destroy()
      reject(new Error(`${args.slice(0, 2).join(' ')}: ${cause.message}`, { cause }))
    }
    function lose(): void {
      fail(new Error(CLOSED))
    }
    function read(bytes: Buffer): void {
      received = Buffer.concat([received, bytes])
      let reply: Reply | undefined
      try {
        reply = readReply(received, 0)
      } catch (error) {
        return fail(error as Error)
      }
      if (reply === undefined) return
      settle()
      if (reply.value instanceof RespError) reject(reply.value)
      else resolve(reply.value)
    }

    socket.on('data', read).on('error', fail).on('close', lose)
    if (socket.destroyed) return lose()
    socket.write(encode(args))
  })
}

function encode(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`
}

interface Reply {
  readonly value: unknown
  /** Where the next one begins. */
  readonly end: number
}

/** The reply that begins at `start`, or `undefined` while a part of it is missing. */
function readReply(bytes: Buffer, start: number): Reply | undefined {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd === -1) return undefined
  const type = String.fromCharCode(bytes[start] ?? 0)
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const end = lineEnd + 2
  if (type === '+') return { value: line, end }
  if (type === '-') return { value: new RespError(line), end }
  if (type === ':') return { value: Number(line), end }
  if (type !== '$' && type !== '*') throw new Error(`${JSON.stringify(type + line)} is not a reply of RESP2`)
  const length = Number(line)
  if (length < 0) return { value: null, end }
  return type === '$' ? readBulk(bytes, end, length) : readArray(bytes, end, length)
}

function readBulk(bytes: Buffer, start: number, length: number): Reply | undefined {
  const end = start + length + 2
  return bytes.length < end ? undefined : { value: bytes.toString('utf8', start, start + length), end }
}

function readArray(bytes: Buffer, start: number, length: number): Reply | undefined {
  const value: unknown[] = []
  let end = start
  while (value.length < length) {
    const item = readReply(bytes, end)
    if (item === undefined) return undefined
    value.push(item.value)
    end = item.end
  }
  return { value, end }
}
