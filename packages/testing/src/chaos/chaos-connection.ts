import { connect, type Socket } from 'node:net'
import { type ChaosCutKind, type ChaosDirection, createRandom, type SharedDirection } from './chaos-conditions.ts'
import { ChaosLine } from './chaos-line.ts'

/** A client's socket, the one to the target, and the two directions between them. */
export class ChaosConnection {
  readonly id: number
  readonly #client: Socket
  #server: Socket | undefined
  #lines: Readonly<Record<ChaosDirection, ChaosLine>> | undefined
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(id: number, client: Socket) {
    this.id = id
    this.#client = client
    client.on('error', () => {})
    client.on('close', () => this.#report())
  }

  /** Resolves when both sockets are closed. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  get connected(): boolean {
    return this.#server !== undefined
  }

  forwarded(direction: ChaosDirection): number {
    return this.#lines?.[direction].bytesForwarded ?? 0
  }

  connect(
    target: { host: string; port: number },
    shared: Readonly<Record<ChaosDirection, SharedDirection>>,
    seed: number,
  ): void {
    const client = this.#client
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true })
    server.on('error', () => {})
    server.on('close', () => this.#report())
    this.#server = server
    const createLine = (direction: ChaosDirection, from: Socket, to: Socket): ChaosLine => {
      const random = createRandom(seed + 2 * this.id + (direction === 'toClient' ? 0 : 1))
      return new ChaosLine({ from, to }, shared[direction], random, (how) => this.cut(how, direction))
    }
    this.#lines = {
      toClient: createLine('toClient', server, client),
      toServer: createLine('toServer', client, server),
    }
  }

  poke(): void {
    this.#lines?.toClient.poke()
    this.#lines?.toServer.poke()
  }

  cut(how: ChaosCutKind, direction: ChaosDirection): void {
    const [from, to] = direction === 'toClient' ? [this.#server, this.#client] : [this.#client, this.#server]
    this.#lines?.[direction].stop()
    if (how === 'half-close') return void to?.end()
    this.#lines?.[direction === 'toClient' ? 'toServer' : 'toClient'].stop()
    for (const socket of [to, from]) {
      if (how === 'rst') socket?.resetAndDestroy()
      else socket?.destroySoon()
    }
  }

  destroy(): void {
    this.#client.destroy()
    this.#server?.destroy()
  }

  #report(): void {
    if (this.#client.closed && (this.#server?.closed ?? true)) this.#closed.resolve()
  }
}
