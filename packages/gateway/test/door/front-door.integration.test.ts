import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openRaw } from '../rig/raw-client.ts'
import { answering, type Front, startFront } from '../rig/recording-backend.ts'

const PAGE = 'https://app.example'
const APP = 'app://obsidian.md'
let open: Front
let guarded: Front

beforeAll(async () => {
  ;[open, guarded] = await Promise.all([
    startFront(['--cors-origin', PAGE, '--cors-origin', APP]),
    startFront(['--cors-origin', PAGE, '--auth', 'bearer']),
  ])
  const answer = answering(200, {
    'content-type': 'application/json',
    'access-control-allow-origin': 'https://theirs.example',
    vary: 'Accept-Language',
    'x-request-id': 'up-1',
  })
  open.backend.answer = answer
  guarded.backend.answer = answer
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await guarded[Symbol.asyncDispose]()
})

/** Routes of every kind: ours, the backend's, services, sockets, and nothing. */
const PATHS = [
  '/v1/chat/completions',
  '/v1/streams',
  '/v1/streams/x',
  '/v1/tickets',
  '/v1/models',
  '/v1/embeddings',
  '/v1/realtime',
  '/v1/ws',
  '/v1/streams/x/y/z',
  '/sluice.v1.TokenStreamService/Info',
]

async function raw(method: string, path: string, headers: Record<string, string> = {}): Promise<string> {
  using client = await openRaw(open.gateway.url, { method, path, headers: { connection: 'close', ...headers } })
  await client.closed
  return client.received
}

describe.each(PATHS)('%s', (path) => {
  test('a preflight of a page of an allowed origin is answered here, without credentials', async () => {
    for (const front of [open, guarded]) {
      const before = front.backend.asked.length
      const response = await fetch(front.gateway.url + path, {
        method: 'OPTIONS',
        headers: {
          origin: PAGE,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,x-stainless-os',
        },
      })
      expect(response.status).toBe(204)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'access-control-allow-origin': PAGE,
        'access-control-allow-headers': 'authorization,x-stainless-os',
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      })
      expect(front.backend.asked.length).toBe(before)
    }
  })

  test('an answer may be read by pages of allowed origins, and by no others', async () => {
    for (const origin of [PAGE, APP]) {
      const { headers } = await fetch(open.gateway.url + path, { headers: { origin } })
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('access-control-expose-headers')).toMatch(/Sluice-Stream-Id.*X-Request-Id.*\*/)
      expect(headers.get('vary')).toContain('Origin')
    }
    for (const origin of ['https://evil.example', 'null', 'app://other']) {
      const { headers } = await fetch(open.gateway.url + path, { headers: { origin } })
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(headers.get('vary')).toContain('Origin')
    }
  })

  test('a refusal may be read by the page, too', async () => {
    const { status, headers } = await fetch(guarded.gateway.url + path, { headers: { origin: PAGE } })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(headers.get('access-control-allow-origin')).toBe(PAGE)
  })

  test.each(['TRACE', 'PROPFIND', 'SEARCH', 'LOCK'])('%s is no method that is taken', async (method) => {
    const before = open.backend.asked.length
    const received = await raw(method, path)
    expect(received).toMatch(/^HTTP\/1\.1 405 /)
    expect(received).toMatch(/^allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r$/im)
    expect(received).toContain('"code":"method_not_allowed"')
    expect(open.backend.asked.length).toBe(before)
  })

  test('OPTIONS that is no preflight is not the backend’s either, and not a stranger’s', async () => {
    const answer = await fetch(open.gateway.url + path, { method: 'OPTIONS' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'])
    expect((await fetch(guarded.gateway.url + path, { method: 'OPTIONS' })).status).toBe(401)
  })
})

test('what is for operators is for no page', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const { status, headers } = await fetch(open.gateway.url + path, { headers: { origin: PAGE } })
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, null])
  }
})

test('what a backend says of pages and caches is joined with what we say', async () => {
  const { headers } = await fetch(`${open.api}/models`, { headers: { origin: PAGE } })
  expect(headers.get('access-control-allow-origin')).toBe(PAGE)
  expect(headers.get('vary')).toBe('Accept-Language, Origin')
  expect(headers.get('x-request-id')).toBe('up-1')
})

test('CONNECT is refused with a sentence', async () => {
  expect(await raw('CONNECT', '127.0.0.1:1')).toMatch(/^HTTP\/1\.1 405 [^]*method_not_allowed/)
})

test('the whole address in a request line is its path, for routes of ours too', async () => {
  expect(await raw('GET', 'http://elsewhere/healthz')).toMatch(/^HTTP\/1\.1 200 [^]*alive/)
  expect(await raw('GET', 'http://elsewhere/v1/streams/unknown')).toMatch(/^HTTP\/1\.1 404 [^]*SLUICE_ERR_NOT_FOUND/)
  expect(await raw('GET', 'http://elsewhere')).toMatch(/^HTTP\/1\.1 200 [^]*<!doctype html>/)
})

describe('a page of another origin', () => {
  const POST = (type: string | undefined, origin: string, path = '/v1/embeddings'): Promise<Response> =>
    fetch(open.gateway.url + path, {
      method: 'POST',
      headers: { origin, ...(type !== undefined && { 'content-type': type }) },
      body: Buffer.from('{"input":"x"}'),
    })

  test.each([
    'text/plain',
    'text/plain;application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    undefined,
  ])('posts nothing that no preflight has let in, anywhere: %s', async (type) => {
    const before = open.backend.asked.length
    for (const path of [...PATHS, '/v1/streams/x/cancel']) {
      const response = await POST(type, 'https://evil.example', path)
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({
        error: {
          code: 'origin_not_allowed',
          type: 'permission_error',
          message: expect.stringContaining('--cors-origin'),
        },
      })
    }
    expect(open.backend.asked.length).toBe(before)
  })

  test('that names no origin is known by its address, or by what its browser says of it', async () => {
    const before = open.backend.asked.length
    for (const path of ['/v1/embeddings', '/v1/chat/completions', '/v1/streams']) {
      for (const tell of [{ referer: 'https://evil.example/' }, { 'sec-fetch-site': 'cross-site' }]) {
        const { status } = await fetch(open.gateway.url + path, {
          method: 'POST',
          headers: tell,
          body: Buffer.from('{}'),
        })
        expect(status).toBe(403)
      }
    }
    expect(open.backend.asked.length).toBe(before)
    const referer = `${open.gateway.url}/page`
    const { status } = await fetch(`${open.api}/embeddings`, {
      method: 'POST',
      headers: { referer },
      body: Buffer.from('{}'),
    })
    expect(status).toBe(200)
  })

  test('posts what it likes where it is allowed, of our own origin, or as JSON, which is asked for first', async () => {
    expect((await POST('text/plain', PAGE)).status).toBe(200)
    expect((await POST('text/plain', open.gateway.url)).status).toBe(200)
    expect((await POST('application/json', 'https://evil.example')).status).toBe(200)
  })
})

describe('a socket for the backend', () => {
  test('is refused with a sentence', async () => {
    const socket = new WebSocket(`${open.api.replace('http', 'ws')}/realtime?model=m`)
    const [asked, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number } & AsyncIterable<Buffer>,
    ]
    expect(asked).toBeDefined()
    let text = ''
    for await (const piece of response) text += String(piece)
    expect(response.statusCode).toBe(501)
    expect(text).toMatch(/WebSockets are not passed on.*\/v1\/ws/)
  })

  test('and another protocol that is offered is not taken: the request is answered as it is', async () => {
    const asking = request(`${open.api}/models`, {
      headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' },
    }).end()
    const [response] = (await once(asking, 'response')) as [{ statusCode: number; resume(): void }]
    response.resume()
    expect(response.statusCode).toBe(200)
    expect(open.backend.asked.at(-1)?.headers).not.toHaveProperty('http2-settings')
  })
})
