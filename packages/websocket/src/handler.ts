import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { DEFAULT_DRAIN_MS, SluiceError } from '@sluice/core'
import { requireInteger } from '@sluice/core/extend'
import { WebSocketServer } from 'ws'

import { admit, type Admitted } from './handshake/handshake.ts'
import {
  resolveWebSocketOptions,
  type ResolvedWebSocketHandlerOptions,
  type WebSocketHandlerOptions,
} from './handshake/options.ts'
import { refuseUpgrade } from './handshake/refuse-upgrade.ts'
import { type Dialect, nativeDialect } from './message/dialect.ts'
import { isMasked } from './message/server-message.ts'
import { SocketSession } from './session/socket-session.ts'

/** Options of a drain. */
export interface DrainOptions {
  /** How long sockets may go on where their streams cannot be read elsewhere, in milliseconds. Default 25,000. */
  withinMs?: number | undefined
  /** Sends readers elsewhere at once. Default: where the store is shared with other processes. */
  handOver?: boolean | undefined
}

/** Sockets of one server. */
export interface WebSocketHandler {
  /** Takes a request for a socket, or refuses it: give it to a `node:http` server's `upgrade` event. Never rejects. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
  /** Sockets that are open, or being opened. */
  readonly size: number
  /**
   * Opens no more sockets, sends every client away with its cursors (`goaway`, then 1012), and settles when all have gone.
   * Streams are not touched: they go on here for readers who come back elsewhere. Idempotent.
   */
  drain(options?: DrainOptions): Promise<void>
  /** Closes all sockets with 1001, and settles when they have gone: the close grace later at most. Idempotent. */
  close(): Promise<void>
}

/**
 * Serves streams over WebSocket: many on one socket, in the subprotocol `sluice.v1`.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const handler = createWebSocketHandler({ sluice, identify })
 * createServer().on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
 * ```
 */
export function createWebSocketHandler(options: WebSocketHandlerOptions): WebSocketHandler {
  return openHandler(resolveWebSocketOptions(options), nativeDialect)
}

/** The same for clients that speak `dialect`. */
export function openHandler(options: ResolvedWebSocketHandlerOptions, dialect: Dialect): WebSocketHandler {
  return new Handler(options, dialect)
}

const GOING_AWAY = { code: 1001, reason: 'the server closes' }
const RESTART = { code: 1012, reason: 'restarting: go on elsewhere' }
/** How long `ws` itself waits for the peer's close; the connection's grace is shorter, as a rule. */
const CLOSE_TIMEOUT_MS = 30_000
const DAY_MS = 86_400_000

class Handler implements WebSocketHandler {
  readonly #options: ResolvedWebSocketHandlerOptions
  readonly #dialect: Dialect
  readonly #server: WebSocketServer
  readonly #sessions: Set<SocketSession> = new Set()
  #opening = 0
  #state: 'open' | 'draining' | 'closed' = 'open'
  readonly #empty: (() => void)[] = []

  constructor(options: ResolvedWebSocketHandlerOptions, dialect: Dialect) {
    const { maxPayloadBytes, maxFragments, maxBufferedChunks } = options.limits
    this.#options = options
    this.#dialect = dialect
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxPayloadBytes,
      maxFragments,
      maxBufferedChunks,
      closeTimeout: CLOSE_TIMEOUT_MS,
      // One of those a client offered, and never one that carries a token.
      handleProtocols: (offered) => (offered.has(dialect.subprotocol) ? dialect.subprotocol : false),
    } as ConstructorParameters<typeof WebSocketServer>[0])
  }

  get size(): number {
    return this.#sessions.size + this.#opening
  }

  async handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const ignore = (): void => {}
    // Nobody else listens while it is found out who this is.
    socket.on('error', ignore)
    this.#opening++
    try {
      this.#requireRoom()
      const admitted = await admit(request, this.#options, this.#dialect)
      this.#requireRoom()
      this.#open(request, { socket, head, admitted })
    } catch (error) {
      if (isMasked(error)) this.#options.onError(error)
      refuseUpgrade(socket, error)
    } finally {
      this.#opening--
      this.#tellIfEmpty()
    }
  }

  drain({ withinMs = DEFAULT_DRAIN_MS, handOver }: DrainOptions = {}): Promise<void> {
    requireInteger('withinMs', withinMs, 0, DAY_MS)
    const { sluice } = this.#options
    if (this.#state === 'open') this.#state = 'draining'
    const elsewhere = handOver ?? sluice.shared
    for (const session of [...this.#sessions]) session.goAway(elsewhere)
    const gone = this.#gone()
    if (this.size === 0) return gone
    const callOff = sluice.after(withinMs, () => this.#closeAll(RESTART))
    return gone.finally(callOff)
  }

  close(): Promise<void> {
    this.#state = 'closed'
    this.#closeAll(GOING_AWAY)
    return this.#gone()
  }

  #closeAll(reason: { code: number; reason: string }): void {
    for (const session of [...this.#sessions]) session.close(reason)
  }

  #gone(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#empty.push(resolve))
  }

  #requireRoom(): void {
    if (this.#state !== 'open')
      throw new SluiceError('SLUICE_ERR_DRAINING', 'This process is shutting down; open the socket elsewhere.', {
        retryAfterMs: 1_000,
      })
    if (this.size > this.#options.limits.maxSockets)
      throw new SluiceError('SLUICE_ERR_OVERLOADED', 'There are too many sockets; try again later.', {
        retryAfterMs: 1_000,
      })
  }

  #open(
    request: IncomingMessage,
    { socket, head, admitted }: { socket: Duplex; head: Buffer; admitted: Admitted },
  ): void {
    if (socket.destroyed) return
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      const session = new SocketSession(this.#options, { ws, socket, admitted, dialect: this.#dialect.open() }, () => {
        this.#sessions.delete(session)
        this.#tellIfEmpty()
      })
      this.#sessions.add(session)
    })
  }

  #tellIfEmpty(): void {
    if (this.size > 0) return
    for (const resolve of this.#empty.splice(0)) resolve()
  }
}
