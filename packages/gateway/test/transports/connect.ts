import { Agent } from 'node:http'

import { type Client, ConnectError, createClient, type Interceptor } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import {
  type AttachAsked,
  GRPC_REFUSALS,
  RecordedReading,
  type ServedTransport,
  type ServeParts,
  type TransportClient,
  type TransportDriver,
  TransportRefusal,
} from '@sluice/conformance'
import { createGrpcHandler } from '@sluice/grpc'
import { type Event, TokenStreamService } from '@sluice/grpc/v1'

import { STATUS_NAMES, toEnd, toNativeEvent } from './grpc-events.ts'
import { listenHttp1 } from './http1.ts'

/** Connect over HTTP/1.1, as pages use it, with the official client. One way only: credit is granted by attaching. */
export const CONNECT: TransportDriver = {
  serve,
  refusals: GRPC_REFUSALS,
  beats: 'heartbeats',
  asksPeers: false,
  nothingLeft: 'status',
}

async function serve({ sluice, identify, run }: ServeParts): Promise<ServedTransport> {
  const handler = createGrpcHandler({
    sluice,
    identify: (headers) => identify(headers.get('authorization')?.slice('Bearer '.length)),
    run,
  })
  const listening = await listenHttp1(handler)
  return {
    ...listening,
    connect: ({ credential, port = listening.port }) => new ConnectClient(port, credential),
    drain(withinMs) {
      handler.stopServing()
      return sluice.drain({ withinMs })
    },
  }
}

/** A client with connections of its own. */
class ConnectClient implements TransportClient {
  readonly #agent: Agent = new Agent()
  readonly #client: Client<typeof TokenStreamService>
  #reads = Promise.withResolvers<void>()

  constructor(port: number, credential: string) {
    const authorized: Interceptor = (next) => (request) => {
      request.header.set('authorization', `Bearer ${credential}`)
      return next(request)
    }
    const transport = createConnectTransport({
      baseUrl: `http://127.0.0.1:${port}`,
      httpVersion: '1.1',
      nodeOptions: { agent: this.#agent },
      interceptors: [authorized],
    })
    this.#client = createClient(TokenStreamService, transport)
    this.#reads.resolve()
  }

  start(): Promise<RecordedReading> {
    return this.#read((signal) => this.#client.start({}, { signal }))
  }

  attach({ after = '', credit, ...ref }: AttachAsked): Promise<RecordedReading> {
    const named = 'id' in ref ? { case: 'id' as const, value: ref.id } : { case: 'cursor' as const, value: ref.cursor }
    const granted = credit === undefined ? {} : { credit: BigInt(credit) }
    return this.#read((signal) => this.#client.attach({ ref: { ref: named }, after, ...granted }, { signal }))
  }

  async cancel(id: string): Promise<{ reason: string; cause?: string }> {
    try {
      const { info } = await this.#client.cancel({ ref: { ref: { case: 'id', value: id } } })
      return toEnd(info!.end!)
    } catch (error) {
      throw refusalOf(ConnectError.from(error))
    }
  }

  pause(): void {
    this.#reads = Promise.withResolvers()
  }

  resume(): void {
    this.#reads.resolve()
  }

  drop(): void {
    this.#reads.resolve()
    this.#agent.destroy()
  }

  async #read(call: (signal: AbortSignal) => AsyncIterable<{ events: Event[] }>): Promise<RecordedReading> {
    const leaving = new AbortController()
    const reading = new RecordedReading(() => leaving.abort())
    let failure: ConnectError | undefined
    const listen = async (): Promise<void> => {
      try {
        for await (const { events } of call(leaving.signal)) {
          await this.#reads.promise
          for (const message of events) {
            const event = toNativeEvent(message)
            if (event) reading.add(event)
            else reading.beat()
          }
        }
        reading.finish({ polite: true, complete: true, told: 'OK' })
      } catch (error) {
        failure = ConnectError.from(error)
        const told = STATUS_NAMES[failure.code]
        // A status of ours names its reason; a cut connection is given one by the client.
        reading.finish({ polite: failure.metadata.has('sluice-code'), complete: false, told })
      }
    }
    void listen()
    await reading.opened
    if (reading.events.length === 0 && failure) throw refusalOf(failure)
    return reading
  }
}

function refusalOf(error: ConnectError): Error {
  const code = error.metadata.get('sluice-code')
  if (code === null) return error
  return new TransportRefusal({ code, status: STATUS_NAMES[error.code]!, text: error.rawMessage })
}
