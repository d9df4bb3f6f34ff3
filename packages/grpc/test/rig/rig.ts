import type { AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import {
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type StatusObject,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { createSluice, type Principal, type Sluice, type SluiceOptions, type Source } from '@sluice/core'
import {
  createGrpcHandler,
  createGrpcServer,
  type GrpcHandlerOptions,
  type GrpcServer,
  type GrpcServerOptions,
} from '@sluice/grpc'

export const PROTO: string = fileURLToPath(new URL('../../proto', import.meta.url))

/** A message as proto-loader gives it, names in camel case, oneofs named. */
// Each test looks at what it asked for.
export type Message = { [name: string]: Message } & { toString(): string }

/** A server, and what runs behind it. */
export interface Rig extends AsyncDisposable {
  readonly sluice: Sluice
  readonly server: GrpcServer
  readonly address: string
  readonly url: string
  /** What the server's owner was told. */
  readonly errors: unknown[]
}

/** `authorization: <owner>` says who asks; without it everybody is ada. */
export function identify(headers: Headers): Principal | undefined {
  const owner = headers.get('authorization') ?? 'ada'
  return owner === 'stranger' ? undefined : { owner }
}

export async function startRig(
  run: Source | { byInput(input: { [name: string]: unknown }): Source },
  options: { sluice?: SluiceOptions; server?: Partial<GrpcServerOptions> } = {},
): Promise<Rig> {
  const sluice = createSluice(options.sluice)
  const errors: unknown[] = []
  const server = createGrpcServer({
    sluice,
    identify,
    run: (input) => ('byInput' in run ? run.byInput(input) : run),
    onError: (error) => errors.push(error),
    port: 0,
    ...options.server,
  })
  const { port } = await server.listen()
  return {
    sluice,
    server,
    address: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    errors,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** The same services over HTTP/1.1: gRPC-Web and Connect. */
export async function startHttp1(
  sluice: Sluice,
  source: Source,
  options: Partial<GrpcHandlerOptions> = {},
): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(createGrpcHandler({ sluice, identify, run: () => source, ...options }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What grpc-js makes of a proto file. */
export function loadService(file: string, name: string): ServiceClientConstructor {
  const definition = loadSync(file, {
    includeDirs: [PROTO],
    longs: Number,
    enums: String,
    oneofs: true,
    defaults: true,
  })
  let found: unknown = loadPackageDefinition(definition)
  for (const part of name.split('.')) found = (found as { [name: string]: unknown })[part]
  return found as ServiceClientConstructor
}

/** A client of grpc-js. Its methods are named as in the proto. */
export type Client = InstanceType<ServiceClientConstructor> & Disposable

export function connect(
  { address }: { address: string },
  file = 'sluice/v1/token_stream.proto',
  name = 'sluice.v1.TokenStreamService',
  options: object = {},
): Client {
  const client = new (loadService(file, name))(address, credentials.createInsecure(), options)
  return Object.assign(client, { [Symbol.dispose]: () => client.close() })
}

export function as(owner: string): Metadata {
  const metadata = new Metadata()
  metadata.set('authorization', owner)
  return metadata
}

/** All a streaming call said. */
export interface Heard {
  readonly messages: Message[]
  readonly events: Message[]
  readonly text: string
  /** The last event's cursor. */
  readonly cursor: string
  readonly status: StatusObject
}

/** Reads a call to its end. Never rejects: the status says how it went. */
export async function hear(
  call: ClientReadableStream<Message>,
  onMessage?: (heard: Message[]) => void,
): Promise<Heard> {
  const messages: Message[] = []
  call.on('data', (message: Message) => {
    messages.push(message)
    onMessage?.(messages)
  })
  call.on('error', () => {})
  const status = await new Promise<StatusObject>((resolve) => call.on('status', resolve))
  return { messages, ...summary(messages), status }
}

export function summary(messages: readonly Message[]): { events: Message[]; text: string; cursor: string } {
  const events = messages.flatMap((message) => [...(message['events'] as unknown as Message[])])
  const texts = events.filter((event) => String(event['event']) === 'text')
  return {
    events,
    text: texts.map((event) => String(event['text'])).join(''),
    cursor: String(events.findLast((event) => String(event['cursor']) !== '')?.['cursor'] ?? ''),
  }
}

export function kinds(events: readonly Message[]): string[] {
  return events.map((event) => String(event['event']))
}

/** Resolves with what a unary call answers, or rejects with its status. */
export function ask(
  client: Client,
  method: string,
  request: object,
  metadata: Metadata = new Metadata(),
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const call = client[method] as (
      request: object,
      metadata: Metadata,
      done: (error: Error | null, answer: Message) => void,
    ) => void
    call.call(client, request, metadata, (error, answer) => (error ? reject(error) : resolve(answer)))
  })
}

export function open(
  client: Client,
  method: string,
  request: object,
  ...rest: unknown[]
): ClientReadableStream<Message> {
  const call = client[method] as (...given: unknown[]) => ClientReadableStream<Message>
  return call.call(client, request, ...rest)
}

/** Tokens, one a turn. */
export function saying(...tokens: string[]): Source {
  return async function* () {
    for (const token of tokens) {
      await new Promise((resolve) => setImmediate(resolve))
      yield token
    }
  }
}

/** Says `first`, then waits to be cut. */
export function sayingForEver(first: string, cut: () => void = () => {}): Source {
  return async function* ({ signal }) {
    yield first
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    cut()
  }
}
