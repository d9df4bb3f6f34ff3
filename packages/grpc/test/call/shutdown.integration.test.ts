import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { createSluice } from '@sluice/core'
import { createGrpcHandler, createGrpcServer, type GrpcHandlerOptions } from '@sluice/grpc'
import { TokenStreamService } from '@sluice/grpc/v1'
import { describe, expect, test } from 'vitest'

import { Health } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { ServerReflection } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts'
import { sayingForEver } from '../rig/rig.ts'

/** A server of which every kind of call is open, and waits for something that does not come. */
interface Waiting {
  url: string
  shutDown(): Promise<unknown>
}

/** Calls `waits` each time that a call has begun to wait. */
function optionsWhere(waits: () => void): GrpcHandlerOptions {
  const never = (): Promise<never> => {
    waits()
    return new Promise(() => {})
  }
  return {
    sluice: createSluice({ observers: [{ attached: waits }] }),
    identify: (headers) => (headers.has('x-slow') ? never() : { owner: 'ada' }),
    run: ({ slow }) => (slow ? never() : sayingForEver('x')),
  }
}

async function ownServer(options: GrpcHandlerOptions): Promise<Waiting> {
  const server = createGrpcServer({ ...options, port: 0 })
  const { port } = await server.listen()
  return { url: `http://127.0.0.1:${port}`, shutDown: () => server.close() }
}

async function http1Server(options: GrpcHandlerOptions): Promise<Waiting> {
  const shutdown = new AbortController()
  const server = createServer(
    { keepAliveTimeout: 1 },
    createGrpcHandler({ ...options, shutdownSignal: shutdown.signal }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shutDown: () => {
      shutdown.abort()
      server.close()
      // Once the calls have their status, which is what keeps the connections.
      server.closeIdleConnections()
      return Promise.resolve()
    },
  }
}

async function* held<Message>(...first: Message[]): AsyncGenerator<Message> {
  yield* first
  await new Promise(() => {})
}

async function codeOf(call: AsyncIterable<unknown> | Promise<unknown>, heard: () => void = () => {}): Promise<string> {
  try {
    if (call instanceof Promise) await call
    else for await (const _ of call) heard()
    return 'OK'
  } catch (error) {
    return Code[ConnectError.from(error).code]!
  }
}

const SLOW = { headers: { 'x-slow': '1' } }

describe.each([
  ['gRPC', ownServer, createGrpcTransport, '2'],
  ['gRPC-Web over HTTP/2', ownServer, createGrpcWebTransport, '2'],
  ['Connect over HTTP/2', ownServer, createConnectTransport, '2'],
  ['gRPC-Web over HTTP/1.1', http1Server, createGrpcWebTransport, '1.1'],
  ['Connect over HTTP/1.1', http1Server, createConnectTransport, '1.1'],
] as const)('a shutdown ends as UNAVAILABLE, over %s', (_, serve, createTransport, httpVersion) => {
  test('a reading, a call whose runner or identify is slow, a watch, and what streams both ways', async () => {
    let waiting = 0
    const { url, shutDown } = await serve(optionsWhere(() => waiting++))
    const transport = createTransport({ baseUrl: url, httpVersion })
    const streams: Client<typeof TokenStreamService> = createClient(TokenStreamService, transport)
    const heard = (): void => void waiting++
    const input = { slow: true }
    const calls = [
      codeOf(streams.start({})),
      codeOf(streams.start({ input })),
      codeOf(streams.start({}, SLOW)),
      codeOf(streams.info({}, SLOW)),
      codeOf(createClient(Health, transport).watch({}), heard),
    ]
    if (httpVersion === '2') {
      const start = { stream: 1, request: { case: 'start', value: { input } } } as const
      const question = { messageRequest: { case: 'listServices', value: '' } } as const
      const reflection = createClient(ServerReflection, transport)
      calls.push(codeOf(streams.session(held(start))), codeOf(reflection.serverReflectionInfo(held(question)), heard))
    }
    await expect.poll(() => waiting).toBeGreaterThanOrEqual(calls.length)
    const closed = shutDown()
    expect(await Promise.all(calls)).toEqual(calls.map(() => 'Unavailable'))
    await closed
  })
})
