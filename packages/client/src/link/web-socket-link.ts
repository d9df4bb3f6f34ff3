import { type ClientError, cutError } from '../errors/client-error.ts'
import { eventsBefore } from '../machine/place.ts'
import type { LinkInput } from '../machine/resume-input.ts'
import type { Link, LinkListener, LinkRequest, Transport } from './link.ts'
import { parseMembers, tellMessage } from './native-message.ts'
import { networkError } from './refusal.ts'
import { socketUrl, streamAt } from './stream-place.ts'
import { openSocket, protocolsFor, SOCKET_OPEN, type WebSocketOptions } from './socket-options.ts'
import { toldRefusal } from './told-refusal.ts'

/** Events that the server may send beyond those that were read. */
const CREDIT = 256
/** How often it is asked whether the server is still there. */
const PING_MS = 15_000
const REF = 'reading'

/**
 * A WebSocket for each reading. What is not read is not granted, so that the server holds back. A bearer token of
 * `headers` or `authorize` is offered as a subprotocol, as a page cannot send headers with a socket.
 *
 * @example
 * ```ts
 * const stream = start(url, { messages }, { transport: webSocket() })
 * ```
 */
export function webSocket(options: WebSocketOptions = {}): Transport {
  return { name: 'websocket', open: (request, listener) => new WebSocketLink(options, request, listener) }
}

class WebSocketLink implements Link {
  readonly #request: LinkRequest
  readonly #listener: LinkListener
  #socket: WebSocket | undefined
  #stopPings: (() => void) | undefined
  #isClosed = false
  #isPaused = false
  #cursor: string | undefined
  /** How far the server may go. */
  #granted = CREDIT

  constructor(options: WebSocketOptions, request: LinkRequest, listener: LinkListener) {
    this.#request = request
    this.#listener = listener
    void this.#open(options).catch((error: unknown) => this.#fail(networkError(error)))
  }

  close(): void {
    this.#isClosed = true
    this.#stopPings?.()
    this.#socket?.close(1000)
  }

  setPaused(paused: boolean): void {
    this.#isPaused = paused
    if (!paused) this.#grant()
  }

  async #open(options: WebSocketOptions): Promise<void> {
    const protocols = await protocolsFor(options, this.#request.headers)
    if (this.#isClosed) return
    const socket = openSocket(options, options.url ?? socketUrl(this.#request), protocols)
    this.#socket = socket
    socket.onopen = () => {
      this.#send(this.#isClosed ? { type: 'ping' } : this.#first())
      this.#ping()
    }
    socket.onmessage = ({ data }) => {
      try {
        if (!this.#isClosed) this.#hear(String(data))
      } catch (error) {
        this.#fail(networkError(error))
      }
    }
    socket.onclose = ({ code }) => this.#fail(cutError(`The socket was closed with ${code}.`))
  }

  /** What is asked for: the stream that is known, or the one that is to be started. */
  #first(): object {
    const { start, url, cursor, query } = this.#request
    const { reader: name, after, ...wishes } = query
    const common = { ref: REF, name, credit: CREDIT }
    const sluice = Object.fromEntries(Object.entries(wishes).map(([wish, value]) => [wish, Number(value)]))
    if (url !== undefined) {
      const where = cursor === undefined ? { stream: url.slice(url.lastIndexOf('/') + 1), after } : { cursor }
      return { type: 'attach', ...common, ...where, sluice }
    }
    const key = new URL(start!.url).searchParams.get('key')
    if (start!.method === 'GET') return { type: 'attach', ...common, key, after, sluice }
    const idempotencyKey = start!.headers['idempotency-key']
    return { type: 'start', ...common, body: parseMembers('body', start!.body ?? '{}'), idempotencyKey }
  }

  #hear(text: string): void {
    const message = parseMembers('message', text)
    const { type, cursor, stream, ref, ...members } = message
    this.#listener.said({ type: 'alive' })
    if (type === 'goaway') return this.#say({ type: 'closed', code: 'draining', cursor: this.#cursor })
    if (type === 'refused') return this.#say(toldRefusal(message))
    if (ref !== REF) return
    const at = typeof cursor === 'string' ? cursor : undefined
    this.#cursor = at ?? this.#cursor
    if (type === 'opened' && typeof stream === 'string')
      this.#listener.learned({ url: streamAt(this.#request, stream) })
    const isNotice = type === 'opened' || type === 'closed'
    tellMessage(this.#listener, String(type), isNotice ? message : members, at)
    if (type === 'opened') this.#granted = eventsBefore(at) + CREDIT
    this.#grant()
  }

  /** Allows so many events past the latest one, once half of what was allowed has come. */
  #grant(): void {
    const most = eventsBefore(this.#cursor) + CREDIT
    if (this.#isPaused || this.#cursor === undefined || most < this.#granted + CREDIT / 2) return
    this.#granted = most
    this.#send({ type: 'ack', ref: REF, cursor: this.#cursor, credit: CREDIT })
  }

  #ping(): void {
    this.#stopPings = this.#request.environment.after(PING_MS, () => {
      this.#send({ type: 'ping' })
      this.#ping()
    })
  }

  #send(message: object): void {
    if (this.#socket?.readyState === SOCKET_OPEN) this.#socket.send(JSON.stringify(message))
  }

  #fail(error: ClientError): void {
    this.#stopPings?.()
    this.#say({ type: 'broken', error })
  }

  #say(input: LinkInput): void {
    if (!this.#isClosed) this.#listener.said(input)
  }
}
