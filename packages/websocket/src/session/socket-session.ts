import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'

import { isSluiceError, type Principal, SluiceError } from '@sluice/core'
import { Connection, hasExpired, identifiedPrincipal, TokenBucket } from '@sluice/core/extend'
import type { RawData, WebSocket } from 'ws'

import type { ClientMessage } from '../message/client-message.ts'
import type { SocketDialect } from '../message/dialect.ts'
import { ControlLane } from './control-lane.ts'
import { ack, cancel, detach, isUnderWay, send } from './control-requests.ts'
import { Expiry } from './expiry.ts'
import type { Admitted } from '../handshake/handshake.ts'
import { Liveness } from './liveness.ts'
import type { ResolvedWebSocketHandlerOptions } from '../handshake/options.ts'
import { PendingRequests } from './pending-requests.ts'
import { attach, start } from './reading-requests.ts'
import { Readings } from './reading.ts'
import { type GoawayMessage, isMasked, refusalOf } from '../message/server-message.ts'
import type { SocketParts } from './socket-parts.ts'
import { type CloseReason, SocketSink } from './socket-sink.ts'

/** A socket as the handler hands it over. */
export interface OpenedSocket {
  readonly ws: WebSocket
  readonly socket: Duplex
  readonly admitted: Admitted
  readonly dialect: SocketDialect
}

const VIOLATION = 1008
const RESTART: CloseReason = { code: 1012, reason: 'restarting: go on elsewhere' }
const STALLED: CloseReason = { code: 1013, reason: 'the peer does not read' }

/** One socket: what its client asks for, and the one connection that carries all of its readings. */
export class SocketSession implements SocketParts {
  readonly options: ResolvedWebSocketHandlerOptions
  readonly dialect: SocketDialect
  readonly admitted: Admitted
  readonly sink: SocketSink
  readonly connection: Connection
  readonly lane: ControlLane
  readonly readings: Readings
  readonly socketName: string = `ws-${randomBytes(9).toString('base64url')}`
  draining = false
  readonly #ws: WebSocket
  readonly #bucket: TokenBucket
  readonly #liveness: Liveness
  readonly #expiry: Expiry
  readonly #pending: PendingRequests

  constructor(options: ResolvedWebSocketHandlerOptions, opened: OpenedSocket, onOver: () => void) {
    const { ws, socket, admitted, dialect } = opened
    const { scheduler, readerOptions } = options.sluice
    const { messagesPerSecond, messageBurst, maxStreams, maxPendingRequests } = options.limits
    this.options = options
    this.dialect = dialect
    this.readings = new Readings(maxStreams)
    this.#pending = new PendingRequests({ maxStreams, maxPendingRequests })
    this.admitted = admitted
    this.#ws = ws
    this.sink = new SocketSink(ws, socket, readerOptions.queueBytes)
    // Pings keep the socket alive, by a clock of their own: nothing that means nothing is sent as data.
    const silent = { ...readerOptions, heartbeatMs: false as const }
    this.connection = new Connection(scheduler, this.sink, silent, {
      beat: { heartbeat: () => '' },
      closeWhenEmpty: false,
    })
    this.lane = new ControlLane(this.connection, {
      write: (message) => dialect.write(message),
      // All that may be asked for at once may be answered at once, while the peer takes nothing for a moment.
      maxWaiting: messageBurst + this.#pending.max,
      onOverflow: () => this.#violated(new SluiceError('SLUICE_ERR_RATE', 'You ask for more than you read.')),
      onStalled: () => (this.sink.closing = STALLED),
    })
    this.#bucket = new TokenBucket(messagesPerSecond, messageBurst, scheduler.now())
    this.#liveness = new Liveness(scheduler, options.pingMs, this)
    this.#expiry = new Expiry(scheduler, () => this.#expired())
    this.#expiry.set(admitted.expiresAtMs)
    ws.on('message', (data, isBinary) => this.#received(data, isBinary))
    ws.on('ping', () => this.#counts())
    // Unasked for, a pong is a message like any other.
    ws.on('pong', () => this.#counts())
    // What was wrong is told by the close code, which `ws` sends.
    ws.on('error', () => {})
    ws.on('close', () => {
      this.#over()
      onOver()
    })
  }

  get writable(): boolean {
    return this.connection.state === 'open'
  }

  ping(): void {
    this.#ws.ping()
  }

  gone(): void {
    this.connection.abort()
  }

  readonly readingOver = (): void => {
    if (this.draining && this.readings.size === 0) this.close(RESTART)
  }

  /** Nothing new is started from now on. `handOver`: what is read here can be read elsewhere, at once. */
  goAway(handOver: boolean): void {
    if (this.draining) return
    this.draining = true
    const streams: GoawayMessage['streams'] = []
    for (const { ref, stream } of this.readings.all()) {
      if (stream) streams.push({ stream: stream.id, ref, cursor: stream.position })
    }
    const goaway: GoawayMessage = { type: 'goaway', streams }
    if (!handOver && this.readings.size > 0) return this.lane.say(goaway)
    this.lane.part(goaway)
    this.close(RESTART)
  }

  /** All readings are left; what is queued is sent, then the close. */
  close(reason: CloseReason): void {
    this.sink.closing = reason
    for (const reading of this.readings.all()) reading.left = true
    this.lane.part()
    this.connection.close()
  }

  #over(): void {
    this.#liveness.stop()
    this.#expiry.stop()
    for (const reading of this.readings.all()) reading.left = true
    this.connection.lost()
  }

  #received(data: RawData, isBinary: boolean): void {
    const { state } = this.connection
    if ((state !== 'open' && state !== 'waiting') || !this.#counts()) return
    let message: ClientMessage
    try {
      if (isBinary) throw new SluiceError('SLUICE_ERR_REQUEST', 'Messages are text frames.')
      // Whole messages of `ws` are one buffer.
      message = this.dialect.read(data as Buffer, this.options.sluice.bodies.options)
    } catch (error) {
      return this.#violated(error)
    }
    if (message.type === 'ping') this.lane.say({ type: 'pong', ref: message.ref })
    else if (message.type !== 'cancel' || !isUnderWay(this, message)) void this.#answer(message)
  }

  /** Whether one more message is within the rate. */
  #counts(): boolean {
    this.#liveness.heard()
    const { state } = this.connection
    if (state !== 'open' && state !== 'waiting') return false
    if (this.#bucket.available(this.options.sluice.scheduler.now()) > 0) {
      this.#bucket.take(1)
      return true
    }
    const { messagesPerSecond } = this.options.limits
    const retryAfterMs = Math.ceil(1000 / messagesPerSecond)
    const message = `A socket may send ${messagesPerSecond} messages a second, which is what limits.messagesPerSecond allows.`
    this.#violated(new SluiceError('SLUICE_ERR_RATE', message, { retryAfterMs }))
    return false
  }

  async #answer(message: Exclude<ClientMessage, { type: 'ping' }>): Promise<void> {
    try {
      const settled = this.#pending.enter(message.type)
      try {
        await this.#carryOut(message)
      } finally {
        settled()
      }
    } catch (error) {
      if (isMasked(error)) this.options.onError(error)
      this.lane.say(refusalOf(error, message.ref, 'stream' in message ? message.stream : undefined))
    }
  }

  async #carryOut(message: Exclude<ClientMessage, { type: 'ping' }>): Promise<void> {
    switch (message.type) {
      case 'start':
        return start(this, message)
      case 'attach':
        return attach(this, message)
      case 'detach':
        return detach(this, message)
      case 'cancel':
        return cancel(this, message)
      case 'ack':
        return ack(this, message)
      case 'send':
        return send(this, message)
      case 'authenticate':
        return this.#authenticate(message.ref, message.ticket)
    }
  }

  async #authenticate(ref: string | undefined, ticket: string): Promise<void> {
    const { sluice, tickets } = this.options
    const fresh = await identifiedPrincipal(sluice.scheduler, tickets?.redeem(ticket), 'tickets.redeem')
    if (!fresh || hasExpired(fresh) || !isSame(fresh, this.admitted.principal))
      throw new SluiceError(
        'SLUICE_ERR_UNAUTHORIZED',
        'The ticket is not valid, or not one of whoever opened this socket.',
      )
    const { expiresAtMs } = fresh
    this.#expiry.set(expiresAtMs)
    this.lane.say({ type: 'authenticated', ref, expiresAtMs })
  }

  #expired(): void {
    for (const { stream } of this.readings.all()) stream?.detach('unauthorized')
    const message = 'Your credentials have expired; open another socket.'
    this.#violated(new SluiceError('SLUICE_ERR_UNAUTHORIZED', message))
  }

  /** The client is told why, and that is the last it hears. */
  #violated(error: unknown): void {
    if (!isSluiceError(error)) this.options.onError(error)
    this.lane.part(refusalOf(error, undefined))
    this.close({ code: VIOLATION, reason: isSluiceError(error) ? error.code : '' })
  }
}

function isSame(one: Principal, other: Principal): boolean {
  return one.owner === other.owner && (one.tenant ?? '') === (other.tenant ?? '')
}
