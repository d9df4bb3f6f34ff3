import { NETWORKS, type NetworkName } from './conditions.ts'
import { Connection } from './connection.ts'
import { delayedBody } from './delayed-body.ts'
import { DelayedSocket } from './delayed-socket.ts'
import type { Meter } from './meter.ts'

/** What a request is taken to weigh. */
const REQUEST_BYTES = 700

/** How one reader reaches the server. */
export interface Reach {
  readonly fetch: typeof fetch
  readonly openSocket: (url: string, protocols: string[]) => WebSocket
}

/**
 * A network between this page and its server, made in the page: it delays what really travels, with the links that the tests and the bench
 * read on, and cuts it.
 */
export class SimulatedNetwork {
  name: NetworkName = 'good'
  #isOffline = false
  readonly #open: Set<Connection> = new Set()

  get isOffline(): boolean {
    return this.#isOffline
  }

  /** The same for the page as a cable that is pulled, and put in again. */
  setOffline(isOffline: boolean): void {
    this.#isOffline = isOffline
    if (isOffline) this.cut()
    dispatchEvent(new Event(isOffline ? 'offline' : 'online'))
  }

  /** Resets every connection that is open. */
  cut(): void {
    for (const connection of this.#open) connection.cut()
    this.#open.clear()
  }

  /** The network as one reader has it, who is told by `meter` what came. */
  reach(meter: Meter): Reach {
    return {
      fetch: (input, init) => this.#fetch(input as string, init ?? {}, meter),
      openSocket: (url, protocols) => {
        const down = this.#connect()
        const up = this.#connect()
        // The client sets its handlers by assignment, and asks for nothing else of a socket.
        const onOver = (): void => [up, down].forEach((each) => this.#open.delete(each))
        return new DelayedSocket(new WebSocket(url, protocols), { up, down, meter, onOver }) as unknown as WebSocket
      },
    }
  }

  #connect(): Connection {
    const connection = new Connection(() => NETWORKS[this.name])
    if (this.#isOffline) connection.cut()
    else this.#open.add(connection)
    return connection
  }

  async #fetch(url: string, init: RequestInit, meter: Meter): Promise<Response> {
    const connection = this.#connect()
    const over = (): void => void this.#open.delete(connection)
    init.signal?.addEventListener('abort', over, { once: true })
    try {
      await connection.arrival(REQUEST_BYTES)
      const signal = init.signal ? AbortSignal.any([init.signal, connection.lost]) : connection.lost
      const response = await fetch(url, { ...init, signal })
      await connection.arrival(1)
      const { status, statusText, headers } = response
      const body = response.body && delayedBody(response.body, { connection, meter, onOver: over })
      if (!body) over()
      return new Response(body, { status, statusText, headers })
    } catch (error) {
      over()
      throw error
    }
  }
}
