import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { chunk, DONE, type Exchange, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

const KEY = 'sk-own-0123456789abcdefghijklmnop'
let stage: Stage

beforeAll(async () => {
  stage = await startStage(['--upstream-key', KEY])
})
afterAll(() => stage[Symbol.asyncDispose]())

const WHOLE = chunk({ content: 'ok' }) + chunk({}, { finish: 'stop' }) + DONE

const MINE = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'x-request-id': 'mine-1',
  'openai-organization': 'org-1',
  'openai-project': 'proj-1',
  'http-referer': 'https://app.example',
  'x-title': 'App',
  'x-stainless-retry-count': '0',
}
const THEIRS = {
  'x-request-id': 'up-1',
  'x-ratelimit-remaining-requests': '41',
  'openai-processing-ms': '12',
  'openai-organization': 'org-1',
}

function whole(headers: Record<string, string> = {}) {
  return stage.behave(({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
    response.end(WHOLE)
  })
}

async function post(path: string, body: object | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(stage.api + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

const ROUTES = [
  ['/chat/completions', true],
  ['/chat/completions', false],
  ['/streams', true],
  ['/streams', false],
] as const

describe.each(ROUTES)('on %s with stream: %j', (path, stream) => {
  test('the backend gets its client’s headers, but for credentials and what is ours', async () => {
    const { model, first } = whole()
    const secret = { authorization: 'Bearer client', cookie: 'a=b', prefer: 'wait=5', origin: 'https://x.example' }
    await (await post(path, { model, messages: MESSAGES, stream }, { ...MINE, ...secret })).text()
    const { headers } = await first
    expect(headers).toMatchObject({ ...MINE, authorization: `Bearer ${KEY}`, 'accept-encoding': 'identity' })
    for (const name of ['cookie', 'prefer', 'origin']) expect(headers).not.toHaveProperty(name)
  })

  test('the client gets the backend’s headers, but for those of its body', async () => {
    const { model } = whole({ ...THEIRS, etag: '"1"', 'access-control-allow-origin': '*', 'sluice-stream-id': 'x' })
    const { status, headers } = await post(path, { model, messages: MESSAGES, stream })
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject({
      ...THEIRS,
      'cache-control': expect.stringContaining('no-store'),
    })
    expect(headers.get('sluice-stream-id')).not.toBe('x')
    for (const name of ['etag', 'access-control-allow-origin']) expect(headers.has(name)).toBe(false)
  })

  test('also those of a refusal, with its status', async () => {
    const { model } = stage.behave(({ response }) => {
      response.writeHead(429, { ...THEIRS, 'content-type': 'application/json', 'retry-after': '7' })
      response.end('{"error":{"message":"slow down"}}')
    })
    const { status, headers } = await post(path, { model, messages: MESSAGES, stream })
    expect(status).toBe(429)
    expect(Object.fromEntries(headers)).toMatchObject({ ...THEIRS, 'retry-after': '7' })
  })

  test('numbers and members that are not known arrive digit for digit', async () => {
    const { model, first } = whole()
    const rest = '"seed": 9007199254740993,"top_p":1.0,"x":1e400,"x":[1E2,-0],"deep":{"n":0.10}'
    const body = `{"model":${JSON.stringify(model)},"messages":${JSON.stringify(MESSAGES)},"sluice":{"meta":{"a":1}},${rest},"stream":${stream}}`
    await (await post(path, body)).text()
    const { text } = await first
    expect(text).toContain(rest)
    expect(text).not.toContain('sluice')
    expect(JSON.parse(text)).toMatchObject({ stream: true, stream_options: { include_usage: true } })
  })
})

test('over a WebSocket digits arrive as they were written, too', async () => {
  const { model, first } = whole()
  const socket = new WebSocket(`${stage.api.replace('http', 'ws')}/ws`, ['sluice.v1'], { headers: MINE })
  await once(socket, 'open')
  const body = `{"model":${JSON.stringify(model)},"seed":9007199254740993,"x":1.0,"sluice":{"key":"k"},"messages":[]}`
  socket.send(`{"type":"start","ref":"1","body": ${body} }`)
  const { text, headers } = await first
  expect(text).toContain('"seed":9007199254740993,"x":1.0,')
  expect(headers).toMatchObject(MINE)
  expect(Object.keys(headers).filter((name) => name.startsWith('sec-'))).toEqual([])
  socket.close()
})

test('what a backend refuses because we added it is left out, and the client does not notice', async () => {
  const picky = stage.behave((exchange) => {
    if (!exchange.body.stream_options) return answer(exchange)
    exchange.response.writeHead(422, { 'x-request-id': 'refused' })
    return exchange.response.end('{"detail":[{"loc":["body","stream_options"]}]}')
  })
  const answer = ({ response }: Exchange): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-ratelimit-left': '1' }).end(WHOLE)
  }
  const before = stage.gateway.stderr
  for (const asked of [2, 3]) {
    const response = await post('/chat/completions', { model: picky.model, messages: MESSAGES, stream: true })
    expect([response.status, response.headers.get('x-request-id')]).toEqual([200, null])
    expect(await response.text()).toContain('ok')
    expect(picky.exchanges).toHaveLength(asked)
  }
  expect(stage.gateway.stderr).toBe(before)
})

test('an answer that was generated and failed is not asked for again', async () => {
  const { model, exchanges } = stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'half' }))
    exchange.die()
  })
  const response = await post('/chat/completions', { model, messages: MESSAGES })
  expect([response.status, response.headers.get('x-should-retry')]).toEqual([502, 'false'])
  expect(exchanges).toHaveLength(1)
})

describe('an answer', () => {
  test.each([true, false])(
    'that is compressed although nobody asked is read all the same (stream: %j)',
    async (stream) => {
      const { model } = stage.behave(({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
        response.end(gzipSync(WHOLE))
      })
      const response = await post('/chat/completions', { model, messages: MESSAGES, stream })
      expect(response.headers.has('content-encoding')).toBe(false)
      expect(await response.text()).toContain('"content":"ok"')
    },
  )

  test('in a coding that is not known is an error that says so', async () => {
    const { model } = stage.behave(({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'lzma' }).end('x')
    })
    const response = await post('/chat/completions', { model, messages: MESSAGES, stream: true })
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('encoding')
  })

  test('that leads elsewhere is an error that says so, and nobody goes there', async () => {
    const { model, exchanges } = stage.behave(({ response }) => {
      response.writeHead(307, { location: `${stage.api}/models` }).end()
    })
    const response = await post('/chat/completions', { model, messages: MESSAGES, stream: true })
    expect(response.status).toBe(502)
    expect(await response.text()).toMatch(/redirects \(status 307\)/)
    expect(exchanges).toHaveLength(1)
  })

  test.each(ROUTES)('never shows the gateway’s key: %s, stream: %j', async (path, stream) => {
    const echoes = [
      (exchange: Exchange) => {
        const shown = `You sent ${exchange.headers.authorization}`
        exchange.response.writeHead(401, { 'x-shown': shown }).end(JSON.stringify({ error: { message: shown } }))
      },
      (exchange: Exchange) => {
        const shown = `You sent ${exchange.headers.authorization}`
        exchange.response.writeHead(200, { 'content-type': 'text/event-stream', 'x-shown': shown })
        exchange.response.end(`data: ${JSON.stringify({ error: { message: shown } })}\n\n`)
      },
    ]
    for (const echo of echoes) {
      const { model } = stage.behave(echo)
      const response = await post(path, { model, messages: MESSAGES, stream })
      const shown = JSON.stringify([...response.headers]) + (await response.text())
      expect(shown).toContain('You sent Bearer ***')
      expect(shown).not.toContain(KEY)
    }
    expect(stage.gateway.stderr).not.toContain(KEY)
  })
})
