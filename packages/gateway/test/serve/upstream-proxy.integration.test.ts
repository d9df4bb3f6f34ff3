import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRaw } from '../rig/raw-client.ts'
import { type SpawnedGateway, spawnGateway } from '../rig/spawned-gateway.ts'

interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const asked: Asked[] = []
let answer: (response: ServerResponse, asked: Asked) => void
let gateway: SpawnedGateway

const backend = createServer((incoming, response) => void serve(incoming, response))

async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of incoming) pieces.push(piece as Buffer)
  } catch {
    return
  }
  const { method = '', url = '', headers } = incoming
  const one = { method, url, headers, body: Buffer.concat(pieces) }
  asked.push(one)
  answer(response, one)
}

beforeAll(async () => {
  backend.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const { port } = backend.address() as AddressInfo
  gateway = await spawnGateway(['--upstream', `http://127.0.0.1:${port}/base/v1`, '--upstream-key', 'sk-own'])
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  backend.closeAllConnections()
  backend.close()
})

function answering(status: number, headers: Record<string, string | string[]>, body: string | Buffer = ''): void {
  answer = (response) => void response.writeHead(status, headers).end(body)
}

describe('what is no stream reaches the backend unchanged', () => {
  test('models, by the official client', async () => {
    answering(200, { 'content-type': 'application/json' }, JSON.stringify({ object: 'list', data: [{ id: 'm1' }] }))
    const client = new OpenAI({ apiKey: 'sk-client', baseURL: `${gateway.url}/v1`, maxRetries: 0 })
    expect((await client.models.list()).data).toEqual([{ id: 'm1' }])
    expect(asked.at(-1)).toMatchObject({ method: 'GET', url: '/base/v1/models' })
    expect(asked.at(-1)?.headers.authorization).toBe('Bearer sk-own')
  })

  test('embeddings, by the official client', async () => {
    const body = {
      object: 'list',
      model: 'e',
      data: [{ object: 'embedding', index: 0, embedding: [0.5, -1] }],
      usage: {},
    }
    answering(200, { 'content-type': 'application/json' }, JSON.stringify(body))
    const client = new OpenAI({ apiKey: 'sk-client', baseURL: `${gateway.url}/v1`, maxRetries: 0 })
    const given = await client.embeddings.create({ model: 'e', input: 'naïve 漢', encoding_format: 'float' })
    expect(given.data[0]?.embedding).toEqual([0.5, -1])
    expect(JSON.parse(String(asked.at(-1)?.body))).toEqual({ model: 'e', input: 'naïve 漢', encoding_format: 'float' })
  })

  test('query, headers and any bytes, there and back', async () => {
    const zipped = gzipSync('{"a":1}')
    answering(
      207,
      {
        'content-type': 'application/octet-stream',
        'content-encoding': 'gzip',
        'x-request-id': 'r1',
        'set-cookie': ['a=1', 'b=2'],
        'retry-after': '3',
        connection: 'x-hop',
        'x-hop': 'mine alone',
      },
      zipped,
    )
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    const query = "?a=1&a=2&b=%2F..%00'x|y&empty=&=&c"
    const headers = { 'content-type': 'application/x-odd', 'x-custom': 'u', cookie: 'secret=1' }
    const outgoing = request(`${gateway.url}/v1/files`, { method: 'PUT', path: `/v1/files${query}`, headers })
    outgoing.end(bytes)
    const [message] = (await once(outgoing, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    for await (const piece of message) pieces.push(piece as Buffer)
    const body = Buffer.concat(pieces)
    expect(asked.at(-1)).toMatchObject({ method: 'PUT', url: `/base/v1/files${query}` })
    expect(asked.at(-1)?.headers).toMatchObject({ 'content-type': 'application/x-odd', 'x-custom': 'u' })
    expect(asked.at(-1)?.headers.cookie).toBeUndefined()
    expect(asked.at(-1)?.body.equals(bytes)).toBe(true)
    expect(message.statusCode).toBe(207)
    expect(message.headers).toMatchObject({
      'content-encoding': 'gzip',
      'x-request-id': 'r1',
      'set-cookie': ['a=1', 'b=2'],
      'retry-after': '3',
    })
    expect(message.headers['x-hop']).toBeUndefined()
    expect(body.equals(zipped)).toBe(true)
  })

  test.each([
    [404, { error: { message: 'no such model' } }],
    [429, { error: { message: 'slow' } }],
    [500, 'not even JSON'],
  ])('%i and its body', async (status, body) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    answering(status, { 'content-type': 'application/json', 'retry-after': '9' }, text)
    const response = await fetch(`${gateway.url}/v1/models/x`, { method: 'DELETE' })
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([status, '9', text])
  })

  test('HEAD and 204 have no body', async () => {
    answering(200, { 'content-length': '7' })
    const head = await fetch(`${gateway.url}/v1/models`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '7'])
    answering(204, {})
    const empty = await fetch(`${gateway.url}/v1/models`, { method: 'DELETE' })
    expect([empty.status, await empty.text()]).toEqual([204, ''])
  })

  test('a body without length is one request, not two', async () => {
    answering(200, {}, 'ok')
    const before = asked.length
    const smuggled = 'GET /base/v1/secret HTTP/1.1\r\nhost: x\r\n\r\n'
    for (const method of ['GET', 'DELETE', 'POST']) {
      using client = await openRaw(gateway.url, { method: 'GET', path: '/healthz' })
      await client.until('alive')
      client.socket.write(
        `${method} /v1/files HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n` +
          `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
      )
      await client.closed
    }
    expect(asked.slice(before).map(({ method, url, body }) => [method, url, String(body)])).toEqual(
      ['GET', 'DELETE', 'POST'].map((method) => [method, '/base/v1/files', smuggled]),
    )
  })
})

describe('a client that leaves', () => {
  test('takes the backend’s connection with it, before the answer and in its middle', async () => {
    for (const early of [true, false]) {
      const arrived = Promise.withResolvers<ServerResponse>()
      answer = (response) => {
        if (!early) response.writeHead(200).write('half')
        arrived.resolve(response)
      }
      using client = await openRaw(gateway.url, { method: 'GET', path: '/v1/slow' })
      const response = await arrived.promise
      if (!early) await client.until('half')
      const closed = once(response, 'close')
      client.leave('rst')
      await closed
    }
    expect(gateway.stderr).toBe('')
  })

  test('a backend that breaks off in the middle does not look complete', async () => {
    answer = (response) => {
      response.writeHead(200)
      response.write('half', () => response.destroy())
    }
    const response = await fetch(`${gateway.url}/v1/breaks`)
    await expect(response.text()).rejects.toThrow('terminated')
  })
})

describe('paths', () => {
  test.each([
    '/v1/../secret',
    '/v1/%2e%2e/secret',
    '/v1/models/../../../secret',
    '/v1/.%2E/secret',
    '/%76%31/models',
    '/%761.evil.example/models',
    '/V1/models',
    '/v1models',
    '/models',
    '/v2/models',
  ])('%s leads nowhere', async (path) => {
    const before = asked.length
    answering(200, {}, 'leaked')
    using client = await openRaw(gateway.url, { method: 'GET', path, headers: { connection: 'close' } })
    await client.closed
    expect(client.received).toMatch(/^HTTP\/1\.1 404 /)
    expect(client.received).toContain('"code":"not_found"')
    expect(asked.length).toBe(before)
  })

  test('an absolute address in the request line goes to the backend, not to that address', async () => {
    const before = asked.length
    answering(200, {}, 'ok')
    const path = 'http://evil.example/v1/models'
    using client = await openRaw(gateway.url, { method: 'GET', path, headers: { connection: 'close' } })
    await client.closed
    expect(client.received).toMatch(/^HTTP\/1\.1 (200|404) /)
    for (const { url } of asked.slice(before)) expect(url).toBe('/base/v1/models')
  })

  test('a stream’s own routes answer for themselves: 404 and 405', async () => {
    const before = asked.length
    for (const [method, path, status] of [
      ['GET', '/v1/chat/completions', 405],
      ['DELETE', '/v1/chat/completions', 405],
      ['PUT', '/v1/streams', 405],
      ['POST', '/v1/streams/x', 405],
      ['GET', '/v1/streams/x/cancel', 405],
      ['POST', '/v1/streams/x/nonsense', 404],
      ['GET', '/v1/streams/unknown', 404],
    ] as const) {
      const response = await fetch(gateway.url + path, { method })
      expect([path, response.status, response.headers.has('allow')]).toEqual([path, status, status === 405])
    }
    expect(asked.length).toBe(before)
  })
})

test('a backend that is gone is a 502 in the shape of the provider', async () => {
  await using lost = await spawnGateway(['--upstream', 'http://127.0.0.1:9/v1'])
  const response = await fetch(`${lost.url}/v1/models`)
  expect(response.status).toBe(502)
  expect(await response.json()).toMatchObject({ error: { type: 'server_error', code: 'bad_gateway' } })
})

test('without a backend there are the demo’s models, and nothing else', async () => {
  await using demo = await spawnGateway([])
  const client = new OpenAI({ apiKey: 'x', baseURL: `${demo.url}/v1`, maxRetries: 0 })
  const models = (await client.models.list()).data
  expect(models.length).toBeGreaterThan(0)
  const stream = await client.chat.completions.create({
    model: models[0]!.id,
    messages: [{ role: 'user', content: 'hello' }],
    max_tokens: 5,
    stream: true,
  })
  let text = ''
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
  expect(text).not.toBe('')
  const missing = await client.embeddings.create({ model: 'e', input: 'x' }).catch((error: unknown) => error)
  expect(missing).toMatchObject({ status: 404, code: 'not_found' })
})
