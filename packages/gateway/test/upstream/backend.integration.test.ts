import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { proxyEnvironment } from '../../src/upstream/agents.ts'
import { Backend, type BackendRequest } from '../../src/upstream/backend.ts'
import type { BackendFailure } from '../../src/upstream/failure.ts'
import type { LogFields } from '../../src/log/log.ts'

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: LogFields | undefined
}

interface Rig extends AsyncDisposable {
  readonly backend: Backend
  readonly lines: Line[]
  /** What came, on which connection. */
  readonly came: { readonly connection: number; readonly text: string }[]
  ask(request?: Partial<BackendRequest>): Promise<string>
  /** Why there was no answer. */
  failure(request?: Partial<BackendRequest>): Promise<BackendFailure>
}

function listeningAt(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** A backend of bare sockets: `answer` is called for each piece of a request that comes. */
async function startRig(
  answer: (socket: Socket, nth: number) => unknown,
  { connectMs = 2_000, scheme = 'http' }: { connectMs?: number; scheme?: string } = {},
): Promise<Rig> {
  const came: Rig['came'] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      came.push({ connection, text: String(bytes) })
      answer(socket, came.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const lines: Line[] = []
  const at = (level: string) => (message: string, fields?: LogFields) => lines.push({ level, message, fields })
  const backend = new Backend({
    upstream: `${scheme}://127.0.0.1:${listeningAt(server)}/v1`,
    connectMs,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    after(ms, task) {
      const timer = setTimeout(task, ms)
      return () => clearTimeout(timer)
    },
    env: {},
  })
  const ask = async (request: Partial<BackendRequest> = {}): Promise<string> => {
    const answered = await backend.request({ method: 'GET', path: '/v1/x', headers: {}, ...request })
    let text = ''
    for await (const piece of answered.setEncoding('utf8')) text += piece as string
    return text
  }
  return {
    backend,
    lines,
    came,
    ask,
    failure: (request) =>
      ask(request).then(
        () => Promise.reject(new Error('answered')),
        (error: BackendFailure) => error,
      ),
    async [Symbol.asyncDispose]() {
      backend.close()
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const BODIES: readonly [string, Partial<BackendRequest>][] = [
  ['GET', { method: 'GET' }],
  ['DELETE', { method: 'DELETE' }],
  ['POST', { method: 'POST', body: Buffer.from('{"a":1}') }],
]

describe('a connection that was kept', () => {
  test.each(BODIES)('and is reset at once is one that had been closed: %s is sent again', async (_, request) => {
    await using rig = await startRig((socket, nth) => (nth === 2 ? socket.resetAndDestroy() : socket.write(OK)))
    expect(await rig.ask()).toBe('ok')
    expect(await rig.ask(request)).toBe('ok')
    expect(rig.came.map(({ connection }) => connection)).toEqual([1, 1, 2])
    expect(rig.came[2]?.text).toBe(rig.came[1]?.text.replace('keep-alive', 'close'))
  })

  test.each(BODIES)('and is ended without an answer is one too: %s is sent again', async (_, request) => {
    await using rig = await startRig((socket, nth) => (nth === 2 ? socket.end() : socket.write(OK)))
    await rig.ask()
    expect(await rig.ask(request)).toBe('ok')
  })

  test.each(BODIES)('and is reset later may have been worked on: %s is not sent again', async (_, request) => {
    await using rig = await startRig(async (socket, nth) => {
      if (nth !== 2) return socket.write(OK)
      await sleep(400)
      return socket.resetAndDestroy()
    })
    await rig.ask()
    expect(await rig.failure(request)).toMatchObject({ reason: 'reset', status: 502, isOutage: false })
    expect(rig.came).toHaveLength(2)
  })

  test('and has begun to answer is not asked again', async () => {
    await using rig = await startRig((socket, nth) => {
      if (nth === 1) return socket.write(OK)
      return socket.write('HTTP/1.1 200 OK\r\nx-half: ', () => setImmediate(() => socket.resetAndDestroy()))
    })
    await rig.ask()
    expect((await rig.failure()).reason).toBe('reset')
    expect(rig.came).toHaveLength(2)
  })

  test('is asked again once, not for ever', async () => {
    await using rig = await startRig((socket, nth) => (nth === 1 ? socket.write(OK) : socket.resetAndDestroy()))
    await rig.ask()
    expect((await rig.failure()).reason).toBe('reset')
    expect(rig.came).toHaveLength(3)
  })

  test('is not used for a body that cannot be sent again', async () => {
    await using rig = await startRig((socket) => socket.write(OK))
    await rig.ask()
    await rig.ask({ method: 'POST', body: { stream: Readable.from([Buffer.from('abc')]), length: 3 } })
    expect(rig.came.map(({ connection }) => connection)).toContain(2)
  })
})

describe('a new connection', () => {
  test('that is reset is not asked again: the backend has it, and fails', async () => {
    await using rig = await startRig((socket) => socket.resetAndDestroy())
    expect((await rig.failure()).reason).toBe('reset')
    expect(rig.came).toHaveLength(1)
  })

  test('that is never made is given up in time, and the limit is named', async () => {
    await using rig = await startRig(() => {}, { connectMs: 100, scheme: 'https' })
    const failure = await rig.failure()
    expect(failure).toMatchObject({ reason: 'timeout', status: 504, isOutage: true })
    expect(failure.told).toContain('100 ms (--upstream-connect-ms)')
  })

  test('that was made in time may be silent for longer', async () => {
    await using rig = await startRig((socket) => setTimeout(() => socket.write(OK), 300), { connectMs: 100 })
    expect(await rig.ask()).toBe('ok')
  })
})

describe('an answer that is none', () => {
  test.each([
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'upgrade'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'protocol'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok', 'protocol'],
  ])('%s', async (_, bytes, reason) => {
    await using rig = await startRig((socket) => socket.write(bytes))
    expect(await rig.failure()).toMatchObject({ reason, status: 502 })
  })

  test('TLS where there is none', async () => {
    await using rig = await startRig((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), { scheme: 'https' })
    expect((await rig.failure()).reason).toBe('tls')
  })
})

test('a request that is left is left at once, also while there is no connection', async () => {
  await using rig = await startRig(() => {}, { scheme: 'https' })
  const left = new AbortController()
  const asking = rig.backend.request({ method: 'GET', path: '/v1/x', headers: {}, signal: left.signal })
  left.abort(new Error('gone'))
  await expect(asking).rejects.toThrow('gone')
  await expect(rig.backend.request({ method: 'GET', path: '/', headers: {}, signal: left.signal })).rejects.toThrow(
    'gone',
  )
  expect(rig.lines).toEqual([])
})

test('a body that is cut does not arrive whole', async () => {
  await using rig = await startRig(() => {})
  const stream = new Readable({ read() {} })
  const asking = rig.failure({ method: 'POST', body: { stream, length: undefined } })
  stream.push('abc')
  await expect.poll(() => rig.came.map(({ text }) => text).join('')).toContain('3\r\nabc\r\n')
  stream.destroy()
  await asking
  expect(rig.came.map(({ text }) => text).join('')).not.toContain('\r\n0\r\n')
})

test('one line says that the backend is away, and one that it is back', async () => {
  await using rig = await startRig((socket) => socket.write(OK))
  const away = rig.backend
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const port = listeningAt(free)
  free.close()
  await once(free, 'close')
  Object.assign(away.base, { port: String(port) })
  for (let time = 0; time < 3; time++) expect((await rig.failure()).reason).toBe('refused')
  const back = createHttpServer((_request, response) => response.end('ok')).listen(port, '127.0.0.1')
  await once(back, 'listening')
  for (let time = 0; time < 2; time++) expect(await rig.ask()).toBe('ok')
  expect(rig.lines).toEqual([
    {
      level: 'warn',
      message: 'The backend does not answer',
      fields: { reason: 'refused', why: expect.stringContaining('ECONNREFUSED') as string },
    },
    { level: 'info', message: 'The backend answers again', fields: { afterMs: expect.any(Number) as number } },
  ])
  back.closeAllConnections()
  back.close()
})

describe('the proxy that the environment names', () => {
  const PROXY = 'http://proxy:3128'
  test.each([
    ['http://llm.internal/v1', { HTTP_PROXY: PROXY }, { HTTP_PROXY: PROXY }],
    ['http://llm.internal/v1', { http_proxy: PROXY, NO_PROXY: '' }, { HTTP_PROXY: PROXY }],
    ['http://llm.internal/v1', { HTTP_PROXY: 'http://other', http_proxy: PROXY }, { HTTP_PROXY: PROXY }],
    [
      'https://llm.internal/v1',
      { https_proxy: PROXY, no_proxy: 'x', NODE_USE_ENV_PROXY: '1' },
      { HTTPS_PROXY: PROXY, NO_PROXY: 'x' },
    ],
    ['http://llm.internal/v1', { NO_PROXY: 'x' }, undefined],
    ['http://llm.internal/v1', { HTTP_PROXY: PROXY, NODE_USE_ENV_PROXY: '0' }, undefined],
    ['http://llm.internal/v1', {}, undefined],
    ['http://127.0.0.1:8000/v1', { HTTP_PROXY: PROXY }, undefined],
    ['http://[::1]:8000/v1', { HTTP_PROXY: PROXY }, undefined],
    ['http://localhost:8000/v1', { HTTP_PROXY: PROXY }, undefined],
    ['http://localhost:8000/v1', { HTTP_PROXY: PROXY, NODE_USE_ENV_PROXY: '1' }, { HTTP_PROXY: PROXY }],
  ])('%s with %j', (url, env, expected) => {
    expect(proxyEnvironment(new URL(url), env)).toEqual(expected)
  })
})
