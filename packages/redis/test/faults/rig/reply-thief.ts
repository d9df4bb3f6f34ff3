import { connect, createServer, type Server, type Socket } from 'node:net'

/** A proxy before Redis that loses chosen replies, as a network does: the connection breaks with them. */
export class ReplyThief implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs: Set<readonly [client: Socket, redis: Socket]> = new Set()
  readonly #listeners: Set<Socket> = new Set()
  /** Connections so far that listen to channels. */
  listening = 0
  #wanted: { isIt: (reply: string) => boolean; stolen: () => void } | undefined

  /** Listens in front of the Redis on `port`. */
  static async start(port: number): Promise<ReplyThief> {
    const thief = new ReplyThief(port)
    await new Promise<void>((resolve) => thief.#server.listen(0, '127.0.0.1', resolve))
    return thief
  }

  private constructor(port: number) {
    this.#server = createServer({ noDelay: true }, (client) => this.#join(client, connect(port, '127.0.0.1')))
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  /** Loses the next reply that is it, and everything after it on that connection. Resolves when that has happened. */
  steal(isIt: (reply: string) => boolean): Promise<void> {
    return new Promise((stolen) => (this.#wanted = { isIt, stolen }))
  }

  /** The connections that are open now carry nothing any more, and nobody is told; later ones work. */
  freeze(which: 'all' | 'listening' = 'all'): void {
    for (const [client, redis] of this.#pairs) {
      if (which === 'listening' && !this.#listeners.has(client)) continue
      for (const socket of [client, redis]) socket.removeAllListeners('data').removeAllListeners('close').pause()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
    await closed
  }

  #join(client: Socket, redis: Socket): void {
    const pair = [client, redis] as const
    this.#pairs.add(pair)
    const part = (): void => {
      this.#pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', () => {}).on('close', part)
    client.on('data', (bytes) => {
      redis.write(bytes)
      if (this.#listeners.has(client) || !bytes.includes('subscribe')) return
      this.#listeners.add(client)
      this.listening++
    })
    redis.on('data', (bytes) => {
      const wanted = this.#wanted
      if (!wanted?.isIt(bytes.toString())) return void client.write(bytes)
      this.#wanted = undefined
      part()
      wanted.stolen()
    })
  }
}
