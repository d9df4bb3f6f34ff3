import { connect, createServer, type Server, type Socket } from 'node:net'

import { ReplySplitter } from './reply-splitter.ts'

/** What is done to a reply. */
export type Meddling = 'swallow' | 'double'

/** Whether a reply is the one to be meddled with. */
export type Choice = (reply: string) => boolean

/**
 * A proxy before Redis that swallows or doubles chosen replies to commands while the connection lives on, as a pool does
 * that has lost count: whatever follows on that connection would answer another command.
 */
export class ReplyMeddler implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs: Set<readonly [client: Socket, redis: Socket]> = new Set()
  /** Connections for commands so far. */
  connections = 0
  #wanted: { meddling: Meddling; choice: Choice; done: () => void } | undefined

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
  meddle(meddling: Meddling, choice: Choice = () => true): Promise<void> {
    return new Promise((done) => (this.#wanted = { meddling, choice, done }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
    await closed
  }

  #join(client: Socket, redis: Socket): void {
    const pair = [client, redis] as const
    const splitter = new ReplySplitter()
    this.#pairs.add(pair)
    const part = (): void => {
      this.#pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', () => {}).on('close', part)
    // A connection carries replies to commands from its first script on: not while it greets, nor while it listens.
    let carriesCommands = false
    client.on('data', (bytes) => {
      redis.write(bytes)
      if (carriesCommands || !/\r\n(?:evalsha|eval)\r\n/.test(bytes.toString())) return
      carriesCommands = true
      this.connections++
    })
    redis.on('data', (bytes) => {
      for (const reply of splitter.push(bytes)) client.write(carriesCommands ? this.#meddledWith(reply) : reply)
    })
  }

  #meddledWith(reply: Buffer): Buffer {
    const wanted = this.#wanted
    if (!wanted?.choice(reply.toString())) return reply
    this.#wanted = undefined
    wanted.done()
    return wanted.meddling === 'swallow' ? Buffer.alloc(0) : Buffer.concat([reply, reply])
  }
}
