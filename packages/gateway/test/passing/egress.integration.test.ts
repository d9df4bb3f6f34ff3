import { once } from 'node:events'
import { createServer, request as requestHttp } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answering, type RecordingBackend, startRecordingBackend } from '../rig/recording-backend.ts'
import { spawnGateway } from '../rig/spawned-gateway.ts'
import { chunk, DONE } from '../rig/stage.ts'

/** A name that only the proxy can resolve. */
const UPSTREAM = 'http://llm.internal.test/base/v1'
let backend: RecordingBackend
const seen: string[] = []

const proxy = createServer((incoming, response) => {
  seen.push(`${incoming.method} ${incoming.url}`)
  const { pathname } = new URL(incoming.url ?? '')
  const { port } = new URL(backend.url)
  const { method, headers } = incoming
  const onward = requestHttp({ host: '127.0.0.1', port, method, path: pathname, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  incoming.pipe(onward)
})

beforeAll(async () => {
  backend = await startRecordingBackend()
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
})
afterAll(async () => {
  proxy.closeAllConnections()
  proxy.close()
  await backend[Symbol.asyncDispose]()
})

const proxyUrl = (): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`

async function ask(api: string): Promise<number[]> {
  const models = await fetch(`${api}/models`)
  const chat = await fetch(`${api}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [], stream: true }),
  })
  await Promise.all([models.text(), chat.text()])
  return [models.status, chat.status]
}

describe('behind an egress proxy', () => {
  test.each([
    ['HTTP_PROXY', {}],
    ['http_proxy', {}],
    ['HTTP_PROXY', { NODE_USE_ENV_PROXY: '1', NO_PROXY: 'other.test' }],
  ])(
    '%s %j is the way for what is passed on, for the answers we read, and for the question at the start',
    async (name, more) => {
      backend.answer = (response, asked) =>
        asked.method === 'GET'
          ? answering(200, {}, '{}')(response, asked)
          : answering(200, { 'content-type': 'text/event-stream' }, chunk({ content: 'a' }) + DONE)(response, asked)
      seen.length = 0
      await using gateway = await spawnGateway(['--upstream', UPSTREAM], { [name]: proxyUrl(), ...more })
      expect(await ask(`${gateway.url}/v1`)).toEqual([200, 200])
      expect(seen.toSorted()).toEqual([
        'GET http://llm.internal.test/base/v1/models',
        'GET http://llm.internal.test/base/v1/models',
        'POST http://llm.internal.test/base/v1/chat/completions',
      ])
      expect(gateway.stderr).toBe('')
    },
  )

  test.each<Record<string, string>>([{ NO_PROXY: 'llm.internal.test' }, { NODE_USE_ENV_PROXY: '0' }])(
    '%j is the way around it',
    async (more) => {
      seen.length = 0
      await using gateway = await spawnGateway(['--upstream', UPSTREAM], { HTTP_PROXY: proxyUrl(), ...more })
      expect(await ask(`${gateway.url}/v1`)).toEqual([502, 502])
      expect(seen).toEqual([])
      expect(gateway.stderr).toContain('reason=dns')
    },
  )

  test('an https backend is reached through a tunnel', async () => {
    const asked = once(proxy, 'connect')
    proxy.once('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
    await using gateway = await spawnGateway(['--upstream', 'https://llm.internal.test/v1'], {
      HTTPS_PROXY: proxyUrl(),
    })
    const [{ url }] = (await asked) as [{ url: string }]
    expect(url).toBe('llm.internal.test:443')
    await expect.poll(() => gateway.stderr).toContain('The backend does not answer reason=proxy')
  })
})
