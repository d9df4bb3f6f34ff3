import { once } from 'node:events'

import {
  type AttachAsked,
  type NativeEvent,
  RecordedReading,
  type ServedTransport,
  type ServeParts,
  type TransportClient,
  type TransportDriver,
  TransportRefusal,
  WEBSOCKET_REFUSALS,
} from '@sluice/conformance'
import { createWebSocketHandler, type ServerMessage } from '@sluice/websocket'
import { WebSocket } from 'ws'

import { listenHttp1 } from './http1.ts'

/** The subprotocol `sluice.v1`, as `ws` speaks it. */
export const WEBSOCKET: TransportDriver = {
  serve,
  refusals: WEBSOCKET_REFUSALS,
  beats: 'pings',
  asksPeers: true,
  nothingLeft: 'end',
}

async function serve({ sluice, identify, run, pingMs }: ServeParts): Promise<ServedTransport> {
  const handler = createWebSocketHandler({
    sluice,
    identify: (_, { bearer }) => identify(bearer),
    run,
    pingMs,
    limits: { messageBurst: 10_000 },
  })
  const listening = await listenHttp1((_, response) => void response.writeHead(404).end())
  listening.server.on('upgrade', (request, socket, head) => void handler.handleUpgrade(request, socket, head))
  return {
    port: listening.port,
    connect: ({ credential, port = listening.port }) => SocketClient.open(port, credential),
    // As the gateway does: streams first, so that readers hear how they ended.
    async drain(withinMs) {
      await Promise.all([sluice.drain({ withinMs }), handler.drain({ withinMs: withinMs + 5_000 })])
    },
    async close() {
      await listening.close()
      await handler.close()
    },
  }
}

/** A client with one socket. */
class SocketClient implements TransportClient {
  readonly #ws: WebSocket
  #reading: RecordedReading | undefined
  #ref = 0
  readonly #answers: Map<string, (message: ServerMessage) => void> = new Map()
  #closed: string | undefined

  private constructor(ws: WebSocket) {
    this.#ws = ws
    ws.on('message', (data) => this.#hear(JSON.parse((data as Buffer).toString()) as ServerMessage))
    ws.on('ping', () => this.#reading?.beat())
    ws.on('error', () => {})
    ws.on('close', (code) => {
      this.#closed = `closed with ${code}`
      this.#reading?.finish({ polite: false, told: this.#closed })
      for (const answer of this.#answers.values()) answer(gone(this.#closed))
    })
  }

  static async open(port: number, credential: string): Promise<SocketClient> {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/`, ['sluice.v1', `bearer.${credential}`], {
      perMessageDeflate: false,
    })
    const client = new SocketClient(ws)
    const refused = new Promise<never>((_, reject) =>
      ws.on('unexpected-response', (request, response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (piece: string) => (body += piece))
        response.on('end', () => {
          const { code, detail } = JSON.parse(body) as { code: string; detail: string }
          reject(new TransportRefusal({ code, status: response.statusCode ?? 0, text: detail }))
          request.destroy()
        })
      }),
    )
    await Promise.race([once(ws, 'open'), refused])
    // A credential that was offered as a subprotocol is nobody else's to read.
    if (ws.protocol !== 'sluice.v1') throw new Error(`the subprotocol is ${ws.protocol}`)
    return client
  }

  start(): Promise<RecordedReading> {
    return this.#read({ type: 'start', body: {} })
  }

  attach({ after, credit, ...ref }: AttachAsked): Promise<RecordedReading> {
    const named = 'id' in ref ? { stream: ref.id } : { cursor: ref.cursor }
    return this.#read({ type: 'attach', ...named, after, credit })
  }

  async cancel(id: string): Promise<{ reason: string; cause?: string }> {
    const answer = await this.#ask({ type: 'cancel', stream: id })
    if (answer.type !== 'cancelled' || !answer.end) throw refusalIn(answer)
    return answer.end
  }

  async ack({ cursor, credit }: { cursor: string; credit: number }): Promise<void> {
    this.#say({ type: 'ack', ref: String(this.#ref), cursor, credit })
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  drop(): void {
    this.#ws.terminate()
  }

  async #read(request: object): Promise<RecordedReading> {
    const ref = String(++this.#ref)
    const reading = new RecordedReading(() => this.#say({ type: 'detach', ref }))
    this.#reading = reading
    const refused = new Promise<never>((_, reject) => {
      this.#answers.set(ref, (answer) => {
        if (answer.type === 'refused') reject(refusalIn(answer))
        else this.#take(reading, answer)
      })
    })
    this.#say({ ...request, ref })
    await Promise.race([reading.opened, refused])
    return reading
  }

  #take(reading: RecordedReading, message: ServerMessage): void {
    if (message.type === 'detached') return reading.finish({ polite: true, told: 'detached' })
    const { stream, ref: _, ...event } = message as ServerMessage & { stream: string; ref: string }
    reading.add((event.type === 'opened' ? { ...event, id: stream } : event) as NativeEvent)
    if (event.type === 'end' || event.type === 'closed') reading.finish({ polite: true, told: event.type })
  }

  #ask(request: object): Promise<ServerMessage> {
    const ref = `q${++this.#ref}`
    return new Promise((resolve) => {
      this.#answers.set(ref, resolve)
      this.#say({ ...request, ref })
    })
  }

  #say(message: object): void {
    this.#ws.send(JSON.stringify(message))
  }

  #hear(message: ServerMessage): void {
    if ('ref' in message && message.ref !== undefined) this.#answers.get(message.ref)?.(message)
  }
}

function gone(message: string): ServerMessage {
  return { type: 'refused', code: 'closed', message }
}

function refusalIn(message: ServerMessage): TransportRefusal {
  if (message.type !== 'refused') throw new Error(`an answer was expected, not ${JSON.stringify(message)}`)
  return new TransportRefusal({ code: message.code, status: message.type, text: message.message })
}
