import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

import { type Agents, createAgents } from './agents.ts'
import { BackendHealth } from './backend-health.ts'
import { BackendFailure, toBackendFailure } from './failure.ts'
import type { Log } from '../log/log.ts'

/** A body as the backend is sent it: bytes, which can be sent again, or a client's own while it comes. */
export type BackendBody = Uint8Array | { readonly stream: Readable; readonly length: number | undefined }

/** A request to the backend. How its body is framed is not the headers' to say. */
export interface BackendRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body?: BackendBody | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a backend needs of the rest of the gateway. */
export interface BackendParts {
  /** Base URL, without a slash at its end. */
  readonly upstream: string
  readonly connectMs: number
  readonly log: Log
  /** Calls `task` later; gives what calls it off. */
  readonly after: (ms: number, task: () => void) => () => void
  readonly env: Readonly<Record<string, string | undefined>>
}

/** After how long a reset can no longer be that of a connection that had been closed before: a round trip, and some load. */
const AT_ONCE_MS = 100
const AT_ONCE_ROUND_TRIPS = 2

/** The backend, and the way to it: the same for what we read ourselves and for what is passed on. */
export class Backend {
  readonly base: URL
  /** What stands before every path, without a slash at its end. */
  readonly basePath: string
  readonly health: BackendHealth
  readonly #parts: BackendParts
  readonly #agents: Agents
  /** How long the handshakes of open connections took, in milliseconds. */
  readonly #handshakeMs: WeakMap<Socket, number> = new WeakMap()

  constructor(parts: BackendParts) {
    this.base = new URL(parts.upstream)
    this.basePath = this.base.pathname.replace(/\/+$/, '')
    this.health = new BackendHealth(parts.log, () => performance.now())
    this.#parts = parts
    this.#agents = createAgents(this.base, parts.env)
  }

  /**
   * Sends a request; gives the answer once its head is there. A request is sent a second time only where the backend cannot
   * have begun with it: on a connection that was kept, and reset at once, before a byte of an answer.
   *
   * @throws BackendFailure; the signal's reason where that was it
   */
  async request(request: BackendRequest): Promise<IncomingMessage> {
    try {
      const answer = await this.#send(request, request.body !== undefined && 'stream' in request.body)
      this.health.answered()
      return answer
    } catch (error) {
      request.signal?.throwIfAborted()
      const failure = toBackendFailure(error)
      this.health.failed(failure)
      throw failure
    }
  }

  close(): void {
    this.#agents.close()
  }

  #send(request: BackendRequest, fresh: boolean): Promise<IncomingMessage> {
    const { method, path, headers, body, signal } = request
    const start = this.base.protocol === 'https:' ? requestHttps : requestHttp
    return new Promise((resolve, reject) => {
      const outgoing = start(this.base, {
        method,
        path,
        headers: { ...headers, ...framing(method, body) },
        agent: fresh ? this.#agents.fresh : this.#agents.pooled,
      })
      // Node does not end a request that has no connection yet: it is given up here, whatever becomes of it.
      const giveUp = (reason: Error): void => {
        attempt.over()
        reject(reason)
        outgoing.destroy(reason)
      }
      const attempt = this.#watch(outgoing, giveUp)
      const leave = (): void => giveUp(signal?.reason as Error)
      // Listened for as long as the answer lasts: who leaves it leaves its connection.
      if (signal?.aborted) leave()
      else signal?.addEventListener('abort', leave, { once: true })
      let isAnswered = false
      outgoing.on('response', (answer) => {
        isAnswered = true
        attempt.over()
        resolve(answer)
      })
      outgoing.on('upgrade', (_answer, socket) => {
        socket.destroy()
        const told = 'The backend answered with status 101, which nobody had asked for.'
        giveUp(new BackendFailure('upgrade', told, { told }))
      })
      let sentAgain = false
      outgoing.on('error', (error) => {
        attempt.over()
        sentAgain = !fresh && !signal?.aborted && attempt.wasStale(error)
        if (sentAgain) this.#send(request, true).then(resolve, reject)
        else reject(error)
      })
      // Whatever else may end it: nobody waits for ever.
      outgoing.on('close', () => {
        attempt.over()
        signal?.removeEventListener('abort', leave)
        if (!isAnswered && !sentAgain) {
          reject(new BackendFailure('reset', 'The connection was closed before an answer'))
        }
      })
      writeBody(outgoing, body)
    })
  }

  /** Bounds the connecting, and finds out whether a failure can have been that of a stale connection. */
  #watch(
    outgoing: ClientRequest,
    giveUp: (reason: Error) => void,
  ): { over(): void; wasStale(error: NodeJS.ErrnoException): boolean } {
    const { connectMs } = this.#parts
    const startedMs = performance.now()
    let kept: { socket: Socket; bytesRead: number } | undefined
    let late = false
    let callOffLate = (): void => {}
    const callOff = this.#parts.after(connectMs, () => {
      const message = `No connection within ${connectMs} ms`
      const told = `The backend could not be reached within ${connectMs} ms (--upstream-connect-ms).`
      giveUp(new BackendFailure('timeout', message, { told }))
    })
    outgoing.on('socket', (socket) => {
      const connected = (): void => {
        callOff()
        this.#handshakeMs.set(socket, performance.now() - startedMs)
      }
      if (outgoing.reusedSocket) {
        kept = { socket, bytesRead: socket.bytesRead }
        callOff()
        const atOnceMs = AT_ONCE_MS + AT_ONCE_ROUND_TRIPS * (this.#handshakeMs.get(socket) ?? 0)
        // At the end of the turn: a reset that waited for this process to have its turn had come at once, all the same.
        callOffLate = this.#parts.after(atOnceMs, () => void setImmediate(() => (late = true)))
      } else if (isConnecting(socket)) {
        socket.once(this.base.protocol === 'https:' ? 'secureConnect' : 'connect', connected)
        // One through a proxy's tunnel comes when it is open.
      } else connected()
    })
    return {
      over() {
        callOff()
        callOffLate()
      },
      wasStale: ({ code }) => {
        if (code !== 'ECONNRESET' && code !== 'EPIPE') return false
        return kept !== undefined && kept.socket.bytesRead === kept.bytesRead && !late
      },
    }
  }
}

function isConnecting(socket: Socket & { secureConnecting?: boolean }): boolean {
  return socket.connecting || socket.secureConnecting === true
}

/** Methods whose request has a body by rights, and an empty one says so. */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** Where the body ends: said here alone, so that a request can never become two. */
function framing(method: string, body: BackendBody | undefined): OutgoingHttpHeaders {
  if (body === undefined) return WITH_BODY.has(method) ? { 'content-length': '0' } : {}
  const length = 'stream' in body ? body.length : body.byteLength
  return length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) }
}

function writeBody(outgoing: ClientRequest, body: BackendBody | undefined): void {
  if (body === undefined) return void outgoing.end()
  if (!('stream' in body)) return void outgoing.end(body)
  const { stream } = body
  // A body that is cut must not look complete.
  stream.once('close', () => stream.readableEnded || outgoing.destroy())
  stream.pipe(outgoing)
}
