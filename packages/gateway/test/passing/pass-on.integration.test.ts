import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRaw } from '../rig/raw-client.ts'
import { answering, type Asked, type Front, startFront } from '../rig/recording-backend.ts'
import { type SpawnedGateway, spawnGateway } from '../rig/spawned-gateway.ts'

let front: Front
let gateway: SpawnedGateway
let asked: Asked[]

beforeAll(async () => {
  front = await startFront(['--upstream-key', 'sk-own'])
  ;({ gateway } = front)
  ;({ asked } = front.backend)
})
afterAll(() => front[Symbol.asyncDispose]())

describe('what is no stream reaches the backend unchanged', () => {
  test('models, by the official client', async () => {
    front.backend.answer = answering(
      200,
      { 'content-type': 'application/json' },
      JSON.stringify({ object: 'list', data: [{ id: 'm1' }] }),
    )
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
    front.backend.answer = answering(200, { 'content-type': 'application/json' }, JSON.stringify(body))
    const client = new OpenAI({ apiKey: 'sk-client', baseURL: `${gateway.url}/v1`, maxRetries: 0 })
    const given = await client.embeddings.create({ model: 'e', input: 'naïve 漢', encoding_format: 'float' })
    expect(given.data[0]?.embedding).toEqual([0.5, -1])
    expect(JSON.parse(String(asked.at(-1)?.body))).toEqual({ model: 'e', input: 'naïve 漢', encoding_format: 'float' })
  })

  test('query, headers and any bytes, there and back', async () => {
    const zipped = gzipSync('{"a":1}')
    front.backend.answer = answering(
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
    front.backend.answer = answering(status, { 'content-type': 'application/json', 'retry-after': '9' }, text)
    const response = await fetch(`${gateway.url}/v1/models/x`, { method: 'DELETE' })
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([status, '9', text])
  })

  test('HEAD and 204 have no body', async () => {
    front.backend.answer = answering(200, { 'content-length': '7' })
    const head = await fetch(`${gateway.url}/v1/models`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '7'])
    front.backend.answer = answering(204, {})
    const empty = await fetch(`${gateway.url}/v1/models`, { method: 'DELETE' })
    expect([empty.status, await empty.text()]).toEqual([204, ''])
  })
})

describe('a client that leaves', () => {
  test('takes the backend’s connection with it, before the answer and in its middle', async () => {
    const before = gateway.stderr
    for (const early of [true, false]) {
      const arrived = Promise.withResolvers<ServerResponse>()
      front.backend.answer = (response) => {
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
    expect(gateway.stderr).toBe(before)
  })

  test('a backend that breaks off in the middle does not look complete', async () => {
    front.backend.answer = (response) => {
      response.writeHead(200)
      response.write('half', () => response.destroy())
    }
    const response = await fetch(`${gateway.url}/v1/breaks`)
    await expect(response.text()).rejects.toThrow('terminated')
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
