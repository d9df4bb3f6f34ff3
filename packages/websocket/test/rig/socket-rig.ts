import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSluice, type Sluice, type SluiceOptions } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import {
  createWebSocketHandler,
  type ServerMessage,
  type WebSocketHandler,
  type WebSocketHandlerOptions,
} from '@sluice/websocket'
import { within } from '@sluice/testing/patience'
import { type ClientOptions, WebSocket } from 'ws'

/** A server of streams over WebSocket at any path, and over HTTP below `/v1`. */
export interface SocketRig extends AsyncDisposable {
  readonly sluice: Sluice
  readonly handler: WebSocketHandler
  readonly server: Server
  readonly port: number
  readonly url: string
  readonly http: string
  /** What `onError` was told. */
  readonly errors: readonly unknown[]
}

const ADA = { owner: 'ada' }

export async function startRig(
  options: Partial<WebSocketHandlerOptions> = {},
  sluiceOptions: SluiceOptions = {},
): Promise<SocketRig> {
  const sluice = createSluice({
    ...sluiceOptions,
    limits: { startBurst: 1_000, streamsPerOwner: 1_000, ...sluiceOptions.limits },
  })
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const handler = createWebSocketHandler({ sluice, identify: () => ADA, onError, ...options })
  const resource = createStreamResource<IncomingMessage>({ sluice, identify: () => ADA })
  const server = createServer((request, response) => {
    void resource.handle(toHttpRequest(request, response, { mount: '/v1' })).then((plan) => sendPlan(response, plan))
  })
  server.on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    sluice,
    handler,
    server,
    port,
    url: `ws://127.0.0.1:${port}/`,
    http: `http://127.0.0.1:${port}/v1`,
    errors,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.terminate()
      server.closeAllConnections()
      server.close()
      await Promise.all([handler.close(), sluice.drain({ withinMs: 0 })])
    },
  }
}

const clients = new Set<WebSocket>()

/** A client that remembers what it heard. */
export class SocketClient {
  readonly ws: WebSocket
  readonly heard: ServerMessage[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  #changed = Promise.withResolvers<void>()
  #isClosed = false

  private constructor(ws: WebSocket) {
    this.ws = ws
    clients.add(ws)
    ws.on('message', (data) => {
      this.heard.push(JSON.parse((data as Buffer).toString()) as ServerMessage)
      this.#change()
    })
    ws.on('error', () => {})
    this.closed = new Promise((resolve) =>
      ws.on('close', (code, reason) => {
        this.#isClosed = true
        clients.delete(ws)
        resolve({ code, reason: reason.toString() })
        this.#change()
      }),
    )
  }

  static async open(
    url: string,
    { protocols = ['sluice.v1'], ...options }: ClientOptions & { protocols?: string[] } = {},
  ): Promise<SocketClient> {
    const client = new SocketClient(new WebSocket(url, protocols, { perMessageDeflate: false, ...options }))
    await once(client.ws, 'open')
    return client
  }

  say(message: object): void {
    this.ws.send(JSON.stringify(message))
  }

  /** The first message from place `from` on that fits. */
  async hear<Type extends ServerMessage['type']>(
    type: Type,
    fits: (message: Extract<ServerMessage, { type: Type }>) => boolean = () => true,
    from = 0,
  ): Promise<Extract<ServerMessage, { type: Type }>> {
    for (;;) {
      const found = this.heard.slice(from).find((message) => message.type === type && fits(message as never))
      if (found) return found as Extract<ServerMessage, { type: Type }>
      if (this.#isClosed) throw new Error(`Closed without "${type}": ${show(this.heard)}`)
      await this.#nextChange()
    }
  }

  of(ref: string): ServerMessage[] {
    return this.heard.filter((message) => 'ref' in message && message.ref === ref)
  }

  text(ref: string): string {
    return textOf(this.of(ref))
  }

  /** Fails with what was heard, where the runner would only say that time is over. */
  #nextChange(): Promise<void> {
    return within(this.#changed.promise, () => `anything more; heard only ${show(this.heard)}`)
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

function show(messages: readonly ServerMessage[]): string {
  return JSON.stringify(messages.slice(-20)).slice(0, 2_000)
}

export function textOf(messages: readonly ServerMessage[]): string {
  return messages.map((message) => (message.type === 'text' ? message.text : '')).join('')
}

/** The status of a refused upgrade. */
export function refusedWith(url: string, protocols: string[], headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, protocols, { headers, perMessageDeflate: false })
    ws.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    ws.on('open', () => {
      ws.terminate()
      resolve(101)
    })
    ws.on('error', reject)
  })
}
