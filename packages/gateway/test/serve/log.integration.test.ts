import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'
import { answering, startFront } from '../rig/recording-backend.ts'
import { type CliRun, runCli, spawnGateway } from '../rig/spawned-gateway.ts'
import { chunk } from '../rig/stage.ts'

interface Line {
  readonly level: string
  readonly message: string
  readonly reason?: string
  readonly why?: string
  readonly status?: number
  readonly stream?: string
  readonly request?: string
  readonly backendRequest?: string
}

const JSON_LOG = ['--log-format', 'json']

function linesOf({ stderr }: CliRun): Line[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

const failuresOf = (run: CliRun): Line[] =>
  linesOf(run).filter(({ message }) => / failed$|refused a request$/.test(message))

async function chat(url: string, more: object = {}): Promise<Response> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'chat-1' },
    body: JSON.stringify({ model: 'm', messages: [], stream: true, ...more }),
  })
  await response.text()
  return response
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('a backend that cannot be reached', () => {
  test.each([
    ['refused', async () => `http://127.0.0.1:${await closedPort()}/v1`, 'ECONNREFUSED'],
    ['dns', async () => 'http://no-such-host.invalid/v1', 'ENOTFOUND'],
  ])('%s: one line says so at the start, and one for each request', async (reason, upstream, code) => {
    await using gateway = await spawnGateway(['--upstream', await upstream(), ...JSON_LOG])
    const away = { level: 'warn', message: 'The backend does not answer', reason, why: expect.stringContaining(code) }
    await expect.poll(() => linesOf(gateway)).toMatchObject([away])
    const response = await chat(gateway.url)
    expect(response.status).toBe(502)
    await (await fetch(`${gateway.url}/v1/models`, { headers: { 'x-request-id': 'models-1' } })).text()
    const stream = response.headers.get('sluice-stream-id')
    await expect
      .poll(() => linesOf(gateway))
      .toMatchObject([
        away,
        { message: 'An answer failed', reason, why: expect.stringContaining(code), stream, request: 'chat-1' },
        {
          message: 'A request that was passed on failed',
          reason,
          why: expect.stringContaining(code),
          request: 'models-1',
        },
      ])
  })

  test('tls', async () => {
    await using front = await startFront()
    await using gateway = await spawnGateway(['--upstream', front.backend.url.replace('http', 'https'), ...JSON_LOG])
    await chat(gateway.url)
    await expect.poll(() => linesOf(gateway).map(({ reason }) => reason)).toEqual(['tls', 'tls'])
  })

  test('that takes connections and says nothing: the probe waits no longer than for a connection', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    await using gateway = await spawnGateway(['--upstream', upstream, '--upstream-connect-ms', '150', ...JSON_LOG])
    await expect
      .poll(() => linesOf(gateway))
      .toMatchObject([
        { message: 'The backend does not answer', reason: 'silence', why: expect.stringContaining('150 ms') },
      ])
    server.close()
  })
})

describe('a backend that answers', () => {
  test('is no line, whatever it answers to the question at the start', async () => {
    await using front = await startFront(JSON_LOG)
    front.backend.answer = answering(
      200,
      { 'content-type': 'text/event-stream' },
      `${chunk({ content: 'a' })}data: [DONE]\n\n`,
    )
    expect((await chat(front.gateway.url)).status).toBe(200)
    expect(front.gateway.stderr).toBe('')
  })

  test('and is at an address without a version is warned of', async () => {
    await using gateway = await spawnGateway(['--upstream', `http://127.0.0.1:${await closedPort()}`])
    await expect.poll(() => gateway.stderr.split('\n')[0]).toMatch(/^\S+ warn {2}--upstream has no version.*\/v1/)
  })

  const EVENTS = { 'content-type': 'text/event-stream' }
  const cases: readonly (readonly [string, Parameters<typeof answering>, number])[] = [
    ['status', [429, { 'x-request-id': 'up-1' }, '{"error":{"message":"slow"}}'], 429],
    ['status', [500, { 'content-type': 'text/plain' }, 'CUDA out of memory'], 500],
    ['redirect', [307, { location: 'http://127.0.0.1:9/elsewhere' }, ''], 502],
    ['encoding', [200, { ...EVENTS, 'content-encoding': 'lzma' }, 'x'], 502],
    ['encoding', [200, { ...EVENTS, 'content-encoding': 'gzip' }, 'no gzip'], 200],
    ['answer', [200, EVENTS, chunk({ content: 'half' })], 200],
  ]

  test.each(cases)('with what fails (%s %j): one line says why', async (reason, answer, told) => {
    const [status, headers] = answer
    await using front = await startFront(JSON_LOG)
    front.backend.answer = answering(...answer)
    const response = await chat(front.gateway.url)
    expect(response.status).toBe(told)
    const stream = response.headers.get('sluice-stream-id')
    await expect
      .poll(() => linesOf(front.gateway))
      .toMatchObject([{ message: 'An answer failed', reason, status, stream, request: 'chat-1' }])
    const [line] = failuresOf(front.gateway)
    expect(line?.backendRequest).toBe(headers['x-request-id'])
    expect(line?.why).not.toBe('')
  })

  test('with an error on a path that is passed on: one line says so', async () => {
    await using front = await startFront(JSON_LOG)
    front.backend.answer = answering(503, { 'x-request-id': 'up-1' }, 'no')
    await (await fetch(`${front.api}/models?key=secret`, { headers: { 'x-request-id': 'mine' } })).text()
    await expect
      .poll(() => linesOf(front.gateway))
      .toMatchObject([{ reason: 'status', status: 503, request: 'mine', backendRequest: 'up-1', path: '/v1/models' }])
    expect(front.gateway.stderr).not.toContain('secret')
  })

  test('and breaks off: one line', async () => {
    await using front = await startFront(JSON_LOG)
    front.backend.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(chunk({ content: 'half' }), () => response.destroy())
    }
    await chat(front.gateway.url)
    await expect.poll(() => linesOf(front.gateway)).toMatchObject([{ message: 'An answer failed', reason: 'reset' }])
  })

  test('too late: one line, and the limit is named with its value in the answer', async () => {
    await using front = await startFront([...JSON_LOG, '--first-token-ms', '150'])
    front.backend.answer = () => {}
    const response = await fetch(`${front.api}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [] }),
    })
    expect(response.status).toBe(504)
    expect(await response.text()).toContain('deadlines.firstTokenMs (150 ms)')
    await expect
      .poll(() => linesOf(front.gateway))
      .toMatchObject([{ message: 'An answer failed', reason: 'deadline', why: expect.stringContaining('150 ms') }])
  })

  test('to a client that leaves: no line', async () => {
    await using front = await startFront(['--on-disconnect', 'cancel', ...JSON_LOG])
    const asked = Promise.withResolvers<void>()
    front.backend.answer = (response) => {
      response.on('close', () => asked.resolve())
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk({ content: 'a' }))
    }
    const left = new AbortController()
    const response = await fetch(`${front.api}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [], stream: true }),
      signal: left.signal,
    })
    await response.body?.getReader().read()
    left.abort()
    await asked.promise
    expect(front.gateway.stderr).toBe('')
  })
})

test('Redis: one line when it is away, and one when it is back', async () => {
  await using redis = await startRedisServer()
  await using gateway = await spawnGateway(['--redis', redis.url, '--redis-command-ms', '500', ...JSON_LOG])
  await redis.kill()
  await expect.poll(() => linesOf(gateway)).toMatchObject([{ level: 'warn', message: 'Redis does not answer' }])
  await redis.restart()
  await expect
    .poll(() => linesOf(gateway))
    .toMatchObject([{ message: 'Redis does not answer' }, { level: 'info', message: 'Redis answers again' }])
})

test('every request is a line of debug, and its query is none of it', async () => {
  await using gateway = await spawnGateway(['--log', 'debug', ...JSON_LOG])
  await fetch(`${gateway.url}/v1/streams/x?ticket=secret`, { headers: { 'x-request-id': 'r1' } })
  await fetch(`${gateway.url}/nowhere`, { headers: { 'x-request-id': 'r 2\t' } })
  await expect
    .poll(() => linesOf(gateway).filter(({ message }) => message === 'Request'))
    .toMatchObject([
      { method: 'GET', path: '/v1/streams/x', request: 'r1' },
      { method: 'GET', path: '/nowhere', status: 404, request: expect.stringMatching(/^[\da-f-]{36}$/) },
    ])
  expect(gateway.stderr).not.toContain('secret')
})

test('a log that nobody reads any more ends nothing', async () => {
  await using front = await startFront(['--log', 'debug'])
  const { process: child } = front.gateway
  const going = Promise.withResolvers<void>()
  front.backend.answer = (response, { method }) => {
    if (method === 'GET') return response.destroy()
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk({ content: 'a' }))
    return void going.promise.then(() => response.end('data: [DONE]\n\n'))
  }
  const answer = await fetch(`${front.api}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [], stream: true }),
  })
  child.stdout!.destroy()
  child.stderr!.destroy()
  for (let time = 0; time < 3; time++) expect((await fetch(`${front.api}/models`)).status).toBe(502)
  going.resolve()
  expect(await answer.text()).toContain('[DONE]')
  expect((await fetch(`${front.gateway.url}/healthz`)).status).toBe(200)
})

describe('a start that fails', () => {
  test.each([[[]], [['--grpc-port', '0']]])('ends with 1 although Redis is open: %j', async (flags) => {
    await using redis = await startRedisServer()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const run = runCli(['--port', String(port), '--redis', redis.url, '--upstream', 'http://127.0.0.1:9/v1', ...flags])
    expect(await run.exited).toEqual({ code: 1, signal: null })
    expect(run.stderr.trim().split('\n')).toEqual([expect.stringContaining('The port is in use')])
    taken.close()
  })

  test('ends with 1 where only the port for gRPC is taken', async () => {
    await using redis = await startRedisServer()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const run = runCli(['--port', '0', '--grpc-port', String(port), '--redis', redis.url])
    expect(await run.exited).toEqual({ code: 1, signal: null })
    taken.close()
  })
})
