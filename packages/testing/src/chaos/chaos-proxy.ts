import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { ChaosConditions, ChaosCut, ChaosDirection, ChaosSwallow, SharedDirection } from './chaos-conditions.ts'
import { ChaosConnection } from './chaos-connection.ts'

export type { ChaosConditions, ChaosCut, ChaosCutKind, ChaosDirection, ChaosSwallow } from './chaos-conditions.ts'

/** Where to, and through what. */
export interface ChaosProxyOptions {
  target: { host?: string | undefined; port: number }
  /**
   * Where the proxy listens.
   * @defaultValue a free port of 127.0.0.1
   */
  listen?: { host?: string | undefined; port?: number | undefined } | undefined
  /**
   * Repeats the jitter.
   * @defaultValue 1
   */
  seed?: number | undefined
  /** Conditions of what the server says. */
  toClient?: ChaosConditions | undefined
  /** Conditions of what the client says. */
  toServer?: ChaosConditions | undefined
}

/** One open connection. */
export interface ChaosConnectionInfo {
  readonly id: number
  readonly bytesToClient: number
  readonly bytesToServer: number
}

/** A TCP proxy that behaves like a bad network. What is set applies to open connections and to later ones. */
export interface ChaosProxy extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** Connections accepted so far. */
  readonly accepted: number
  /** The connections that are open now. */
  connections(): readonly ChaosConnectionInfo[]
  /** Replaces the conditions of a direction. */
  set(direction: ChaosDirection, conditions: ChaosConditions): void
  /** Cuts all open connections now, or one after so many bytes. */
  cut(cut: ChaosCut): void
  /**
   * The network is gone: nothing travels and nobody learns of an end or a reset. New connections are accepted and lead
   * nowhere. What was said meanwhile arrives after {@link heal}, as TCP would repeat it.
   */
  blackhole(): void
  /** Ends a blackhole and pauses, calls off cuts and swallows that have not happened. Conditions stay. */
  heal(): void
  /** Drops the next chunk that the server sends (what one read gives) and resolves with it; empty when none came. */
  swallowOne(swallow?: ChaosSwallow): Promise<Uint8Array>
  /** Stops reading, in one direction or both: the sender feels backpressure. */
  pause(direction?: ChaosDirection): void
  /** Goes on after {@link pause}. */
  resume(direction?: ChaosDirection): void
  /** Destroys all connections and stops listening. */
  close(): Promise<void>
}

const DIRECTIONS: readonly ChaosDirection[] = ['toClient', 'toServer']

/**
 * Starts a proxy between a client and `target`. Both sides feel each other's backpressure; at most 256 KiB per direction
 * and connection, and what two sockets buffer, are on their way.
 *
 * @example
 * ```ts
 * await using proxy = await startChaosProxy({ target: { port: 6379 }, toClient: { latencyMs: 200, jitterMs: 50 } })
 * proxy.cut({ afterBytes: 1000, how: 'rst' })
 * const redis = new Redis({ host: proxy.host, port: proxy.port })
 * ```
 */
export async function startChaosProxy(options: ChaosProxyOptions): Promise<ChaosProxy> {
  const { listen = {}, seed = 1 } = options
  const target = { host: options.target.host ?? '127.0.0.1', port: options.target.port }
  const shared = { toClient: createShared(options.toClient), toServer: createShared(options.toServer) }
  const connections = new Set<ChaosConnection>()
  let accepted = 0

  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client: Socket) => {
    const connection = new ChaosConnection(++accepted, client)
    connections.add(connection)
    void connection.closed.then(() => connections.delete(connection))
    if (!shared.toClient.blackholed) connection.connect(target, shared, seed)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port ?? 0, listen.host ?? '127.0.0.1', resolve)
  })
  const { address, port } = server.address() as AddressInfo

  /** Changes what connections share, and tells them. */
  function change(directions: readonly ChaosDirection[], apply: (direction: SharedDirection) => void): void {
    for (const direction of directions) apply(shared[direction])
    for (const connection of connections) connection.poke()
  }

  function setPaused(direction: ChaosDirection | undefined, paused: boolean): void {
    change(direction ? [direction] : DIRECTIONS, (each) => (each.paused = paused))
  }

  function dropSwallows(each: SharedDirection): void {
    for (const { swallowed } of each.swallows.splice(0)) swallowed(new Uint8Array())
  }

  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
    change(DIRECTIONS, dropSwallows)
    for (const connection of connections) connection.destroy()
    await Promise.all([closed, ...Array.from(connections, (connection) => connection.closed)])
  }

  return {
    host: address,
    port,
    get accepted() {
      return accepted
    },
    connections: () =>
      [...connections].map((connection) => ({
        id: connection.id,
        bytesToClient: connection.forwarded('toClient'),
        bytesToServer: connection.forwarded('toServer'),
      })),
    set: (direction, conditions) => change([direction], (each) => (each.conditions = { ...conditions })),
    cut({ afterBytes, direction = 'toClient', ...cut }) {
      if (afterBytes !== undefined) change([direction], (each) => (each.cut = { ...cut, afterBytes }))
      else for (const connection of connections) connection.cut(cut.how, direction)
    },
    blackhole: () => change(DIRECTIONS, (each) => (each.blackholed = true)),
    heal() {
      change(DIRECTIONS, (each) => {
        each.paused = each.blackholed = false
        each.cut = undefined
        dropSwallows(each)
      })
      for (const connection of connections) if (!connection.connected) connection.connect(target, shared, seed)
    },
    swallowOne: ({ direction = 'toClient', thenCut } = {}) =>
      new Promise((swallowed) => shared[direction].swallows.push({ thenCut, swallowed })),
    pause: (direction) => setPaused(direction, true),
    resume: (direction) => setPaused(direction, false),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function createShared(conditions: ChaosConditions = {}): SharedDirection {
  return { conditions: { ...conditions }, paused: false, blackholed: false, cut: undefined, swallows: [] }
}
