import type { Link, LinkListener, LinkRequest, Transport } from '../link.ts'
import { postControl } from '../refusal.ts'
import type { WebSocketOptions } from '../socket-options.ts'
import { sse } from '../sse-link.ts'
import { ControlSocket } from './control-socket.ts'

/** Options of {@link hybrid}. */
export interface HybridOptions extends WebSocketOptions {
  /**
   * How the data come.
   * @defaultValue `sse`
   */
  data?: Transport | undefined
}

/**
 * Data over SSE, and what is asked of a stream (`cancel`, `send`, `ack`) over one WebSocket for all streams: no request of its own
 * for each, and none of the six connections that a browser has to a server with HTTP/1.1. A socket that is lost is made again, and
 * never ends the data; where none can be had, requests go by HTTP. Keep one for all streams.
 *
 * @example
 * ```ts
 * const stream = start(url, { messages }, { transport: hybrid() })
 * await stream.send({ approved: true })
 * ```
 */
export function hybrid(options: HybridOptions = {}): Transport {
  const { data = sse, ...socketOptions } = options
  const sockets = new Map<string, ControlSocket>()

  /** One for each server, and for whoever asks there. */
  function socketTo({
    url,
    headers,
    environment,
  }: Pick<LinkRequest, 'headers' | 'environment'> & { url: string }): ControlSocket {
    const name = `${new URL(url).origin} ${headers.authorization ?? ''}`
    const known = sockets.get(name)
    if (known) return known
    // Credentials come and go: what was for one that nobody shows any more is not kept.
    for (const [other, { isIdle }] of sockets) if (isIdle) sockets.delete(other)
    const socket = new ControlSocket(socketOptions, environment)
    sockets.set(name, socket)
    return socket
  }

  return {
    name: 'hybrid',
    open(request, listener) {
      const url = request.url ?? request.start!.url
      const release = socketTo({ ...request, url }).hold({ ...request, url })
      return new HybridLink(data, { request, listener, release })
    },
    control: async (request) => (await socketTo(request).ask(request)) ?? postControl(request),
  }
}

interface Parts {
  request: LinkRequest
  listener: LinkListener
  release: () => void
}

class HybridLink implements Link {
  readonly #data: Link
  readonly #release: () => void

  constructor(data: Transport, { request, listener, release }: Parts) {
    this.#release = release
    this.#data = data.open(request, listener)
  }

  close(): void {
    this.#data.close()
    this.#release()
  }

  setPaused(paused: boolean): void {
    this.#data.setPaused(paused)
  }
}
