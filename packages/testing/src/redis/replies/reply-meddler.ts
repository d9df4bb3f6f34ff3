import { connect, createServer, type Server, type Socket } from 'node:net'

import { ReplySplitter } from './reply-splitter.ts'

/**
 * What is done to a reply: it is lost, comes twice, comes after the next one, or late, with all that follow it on its
 * connection.
 */
export type Meddling = 'swallow' | 'double' | 'swap' | 'delay'

/** Whether a reply is the one to be meddled with. */
export type Choice = (reply: string) => boolean

/** What a connection carries: greetings until its first script or subscription. */
export type Carries = 'greetings' | 'commands' | 'messages'

const LATE_MS = 150

/** A connection through the proxy. */
interface Line {
  readonly client: Socket
  readonly redis: Socket
  carries: Carries
  /** Waits for the next reply to pass it. */
  overtaken: Buffer | undefined
  /** What is late, oldest first. */
  late: Buffer[] | undefined
}

/**
 * A proxy before Redis that meddles with chosen replies, or messages, while the connection lives on, as a pool does that has
 * lost count: whatever follows on that connection would answer another command.
 *
 * @example
 * ```ts
 * await using redis = await startRedisServer()
 * await using meddler = await ReplyMeddler.start(redis.port)
 * await meddler.meddle('swallow', (reply) => reply.startsWith('+OK'))
 * ```
 */
export class ReplyMeddler implements AsyncDisposable {
  readonly #server: Server
  readonly #lines: Set<Line> = new Set()
  /** Connections for commands so far. */
  connections = 0
  #wanted: { meddling: Meddling; choice: Choice; carries: Carries; done: () => void } | undefined

  /** Listens in front of the Redis on `port`. */
  static async start(port: number): Promise<ReplyMeddler> {
    const meddler = new ReplyMeddler(port)
    await new Promise<void>((resolve) => meddler.#server.listen(0, '127.0.0.1', resolve))
    return meddler
  }

  private constructor(port: number) {
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client, connect(port, '127.0.0.1')))
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  /** Meddles with the next reply that is chosen. Resolves when that has happened. */
  meddle(meddling: Meddling, choice: Choice = () => true, carries: Carries = 'commands'): Promise<void> {
    return new Promise((done) => (this.#wanted = { meddling, choice, carries, done }))
  }

  /** Nothing more is wanted of it. */
  leaveOff(): void {
    this.#wanted = undefined
  }

  /** Breaks all connections: whoever comes back has to greet. */
  cut(): void {
    for (const { client } of this.#lines) client.destroy()
  }

  /** Closes the proxy and its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const { client, redis } of this.#lines) for (const socket of [client, redis]) socket.destroy()
    await closed
  }

  #join(client: Socket, redis: Socket): void {
    const line: Line = { client, redis, carries: 'greetings', overtaken: undefined, late: undefined }
    const splitter = new ReplySplitter()
    this.#lines.add(line)
    const part = (): void => {
      this.#lines.delete(line)
      for (const socket of [client, redis]) socket.destroy()
    }
    for (const socket of [client, redis]) socket.on('error', () => {}).on('close', part)
    client.on('data', (bytes) => {
      redis.write(bytes)
      if (line.carries !== 'greetings') return
      const said = bytes.toString()
      if (/\r\nsubscribe\r\n/.test(said)) line.carries = 'messages'
      if (!/\r\n(?:evalsha|eval)\r\n/.test(said)) return
      line.carries = 'commands'
      this.connections++
    })
    redis.on('data', (bytes) => {
      for (const reply of splitter.push(bytes)) this.#pass(line, reply)
    })
  }

  #pass(line: Line, reply: Buffer): void {
    if (line.late) return void line.late.push(reply)
    const wanted = this.#wanted
    if (wanted?.carries === line.carries && wanted.choice(reply.toString())) {
      this.#wanted = undefined
      wanted.done()
      return this.#meddle(line, reply, wanted.meddling)
    }
    line.client.write(reply)
    if (line.overtaken) line.client.write(line.overtaken)
    line.overtaken = undefined
  }

  #meddle(line: Line, reply: Buffer, meddling: Meddling): void {
    if (meddling === 'double') line.client.write(Buffer.concat([reply, reply]))
    else if (meddling === 'swap') line.overtaken = reply
    else if (meddling === 'delay') {
      line.late = [reply]
      setTimeout(() => {
        const { late = [] } = line
        line.late = undefined
        for (const each of late) this.#pass(line, each)
      }, LATE_MS)
    }
  }
}
