import { createServer } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'

import { Code, ConnectError, createClient, type Interceptor, type Transport } from '@connectrpc/connect'
import {
  connectNodeAdapter,
  createConnectTransport as createNodeConnect,
  createGrpcTransport,
  createGrpcWebTransport as createNodeGrpcWeb,
} from '@connectrpc/connect-node'
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web'
import { createSluice, SluiceError, type Source } from '@sluice/core'
import { createGrpcRoutes } from '@sluice/grpc'
import { type Event, TokenStreamService } from '@sluice/grpc/v1'
import { describe, expect, test } from 'vitest'

import { identify, saying, sayingForEver, startHttp1, startRig } from '../rig/rig.ts'

const TOKENS = ['Hello', ' wörld', ' 👩🏽‍🚀', '!']

/** Ways to the services: which client, over which HTTP. */
const WAYS: Record<string, { http: 1 | 2; transport(baseUrl: string): Transport }> = {
  'gRPC of connect-node': { http: 2, transport: (baseUrl) => createGrpcTransport({ baseUrl }) },
  'gRPC-Web over HTTP/2': { http: 2, transport: (baseUrl) => createNodeGrpcWeb({ baseUrl, httpVersion: '2' }) },
  'Connect over HTTP/2': { http: 2, transport: (baseUrl) => createNodeConnect({ baseUrl, httpVersion: '2' }) },
  'gRPC-Web of a page': { http: 1, transport: (baseUrl) => createGrpcWebTransport({ baseUrl }) },
  'Connect of a page, JSON': { http: 1, transport: (baseUrl) => createConnectTransport({ baseUrl }) },
  'Connect of a page, protobuf': {
    http: 1,
    transport: (baseUrl) => createConnectTransport({ baseUrl, useBinaryFormat: true }),
  },
}

async function serve(source: Source, { http, transport }: (typeof WAYS)[string]) {
  const rig = await startRig(source)
  const web = http === 1 ? await startHttp1(rig.sluice, source) : undefined
  const client = createClient(TokenStreamService, transport(web?.url ?? rig.url))
  return {
    client,
    sluice: rig.sluice,
    async [Symbol.asyncDispose]() {
      await web?.[Symbol.asyncDispose]()
      await rig[Symbol.asyncDispose]()
    },
  }
}

async function read(responses: AsyncIterable<{ events: Event[] }>) {
  const events: Event[] = []
  let error: ConnectError | undefined
  try {
    for await (const response of responses) events.push(...response.events)
  } catch (reason) {
    error = ConnectError.from(reason)
  }
  const text = events.map(({ event }) => (event.case === 'text' ? event.value : '')).join('')
  return { events, text, error, cursor: events.findLast(({ cursor }) => cursor !== '')?.cursor ?? '' }
}

describe.each(Object.entries(WAYS))('%s', (_, way) => {
  test('contract 1: reads a stream to its end, and any part of it again', async () => {
    await using rig = await serve(saying(...TOKENS), way)
    const whole = await read(rig.client.start({ meta: { chat: '7' } }))
    expect(whole.text).toBe(TOKENS.join(''))
    expect(whole.error).toBeUndefined()
    expect(whole.events[0]!.event).toMatchObject({ case: 'opened', value: { meta: { chat: '7' } } })
    expect(whole.events.at(-1)!.event).toMatchObject({ case: 'end', value: { complete: true, reason: 'stop' } })
    const cursor = whole.cursor.replace(/\d+$/, '1')
    const rest = await read(rig.client.attach({ ref: { ref: { case: 'cursor', value: cursor } } }))
    expect(rest.text).toBe(TOKENS.slice(1).join(''))
    const nothing = await read(rig.client.attach({ ref: { ref: { case: 'cursor', value: whole.cursor } } }))
    expect([nothing.text, nothing.error, nothing.events.length]).toEqual(['', undefined, 1])
  })

  test('contract 2: a stream that fails ends with its code, after an end that says so', async () => {
    await using rig = await serve(async function* () {
      yield 'begun'
      throw new SluiceError('SLUICE_ERR_BACKEND', 'The backend is busy.', { status: 503, retryAfterMs: 1_500 })
    }, way)
    const { events, error } = await read(rig.client.start({}))
    expect(events.at(-1)!.event).toMatchObject({ case: 'end', value: { complete: false, reason: 'error' } })
    expect(error).toMatchObject({ code: Code.Unavailable, rawMessage: 'The backend is busy.' })
    expect(error!.details).toHaveLength(2)
  })

  test('contract 8: cancels, looks, and refuses what is not there', async () => {
    const cut = Promise.withResolvers<void>()
    await using rig = await serve(sayingForEver('x', cut.resolve), way)
    const key = { ref: { ref: { case: 'key' as const, value: 'chat' } } }
    const reading = read(rig.client.start({ key: 'chat' }))
    await expect.poll(async () => (await rig.client.info(key).catch(() => undefined))?.info?.cursor).toMatch(/\.1$/)
    expect((await rig.client.cancel(key)).info?.end).toMatchObject({ reason: 'cancelled', cause: 'client' })
    await cut.promise
    expect((await reading).error?.code).toBe(Code.Canceled)
    const nobody = { ref: { ref: { case: 'id' as const, value: 'nobody' } } }
    await expect(rig.client.info(nobody)).rejects.toMatchObject({ code: Code.NotFound })
    expect((await read(rig.client.attach(nobody))).error).toMatchObject({ code: Code.NotFound })
  })

  test('contract 9: a call that is left, or that reaches its deadline, leaves its reading', async () => {
    await using rig = await serve(sayingForEver('x'), way)
    const leave = new AbortController()
    const reading = read(rig.client.start({}, { signal: leave.signal }))
    await expect.poll(() => rig.sluice.stats().delivering).toBe(1)
    leave.abort()
    expect((await reading).error?.code).toBe(Code.Canceled)
    await expect.poll(() => rig.sluice.stats().delivering).toBe(0)
    const overdue = read(rig.client.start({}, { timeoutMs: 2_000 }))
    await expect.poll(() => rig.sluice.stats().delivering).toBe(1)
    expect((await overdue).error?.code).toBe(Code.DeadlineExceeded)
    await expect.poll(() => rig.sluice.stats().delivering).toBe(0)
  })
})

test('a session works over Connect and HTTP/2, and is refused over HTTP/1.1', async () => {
  await using rig = await serve(saying(...TOKENS), WAYS['Connect over HTTP/2']!)
  async function* requests() {
    yield { stream: 1, request: { case: 'start' as const, value: {} } }
  }
  let text = ''
  for await (const { events } of rig.client.session(requests()))
    for (const { event } of events) if (event.case === 'text') text += event.value
  expect(text).toBe(TOKENS.join(''))
  await using web = await startHttp1(rig.sluice, saying())
  const response = await fetch(`${web.url}/sluice.v1.TokenStreamService/Session`, {
    method: 'POST',
    headers: { 'content-type': 'application/connect+json' },
  })
  expect(response.status).toBe(505)
})

test('info is a GET too, so that what is looked at often can be cached by whoever may', async () => {
  await using rig = await serve(saying('x'), WAYS['Connect of a page, JSON']!)
  await read(rig.client.start({ key: 'chat' }))
  await using web = await startHttp1(rig.sluice, saying())
  const client = createClient(TokenStreamService, createConnectTransport({ baseUrl: web.url, useHttpGet: true }))
  await expect(client.info({ ref: { ref: { case: 'key', value: 'other' } } })).rejects.toMatchObject({
    code: Code.NotFound,
  })
})

test('what is sent is never compressed, though the client would take it: a length must not tell what was said', async () => {
  await using rig = await serve(saying('x'), WAYS['Connect of a page, JSON']!)
  await using web = await startHttp1(rig.sluice, saying('a'.repeat(9000), 'b'.repeat(9000)))
  const message = Buffer.from('{}')
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  const response = await fetch(`${web.url}/sluice.v1.TokenStreamService/Start`, {
    method: 'POST',
    headers: { 'content-type': 'application/connect+json', 'connect-accept-encoding': 'gzip' },
    body: Buffer.concat([head, message]),
  })
  const body = Buffer.from(await response.arrayBuffer())
  const flags: number[] = []
  for (let at = 0; at < body.length; at += 5 + body.readUInt32BE(at + 1)) flags.push(body[at]!)
  expect(body.length).toBeGreaterThan(18_000)
  expect(flags.length).toBeGreaterThan(2)
  expect(flags.filter((flag) => flag & 1)).toEqual([])
})

test('a request that names no host is refused, and harms nobody', async () => {
  await using rig = await serve(saying('x'), WAYS['Connect of a page, JSON']!)
  await using web = await startHttp1(rig.sluice, saying())
  const socket = connect(Number(new URL(web.url).port), '127.0.0.1')
  socket.end('POST /grpc.health.v1.Health/Check HTTP/1.0\r\nContent-Type: application/json\r\n\r\n')
  expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /)
  expect((await fetch(`${web.url}/nowhere`)).status).toBe(404)
})

test('the routes go into a router of one’s own, with its interceptors, for gRPC too', async () => {
  const sluice = createSluice()
  const seen: string[] = []
  const routes = createGrpcRoutes({ sluice, identify, run: () => saying(...TOKENS) })
  const interceptors: Interceptor[] = [
    (next) => (request) => {
      seen.push(request.method.name)
      return next(request)
    },
  ]
  const server = createServer(connectNodeAdapter({ routes, interceptors }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = createClient(TokenStreamService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }))
  const whole = await read(client.start({}))
  expect([whole.text, whole.error, seen]).toEqual([TOKENS.join(''), undefined, ['Start']])
  server.close()
})
