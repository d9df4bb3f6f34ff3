import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { answering, type Front, startFront } from '../rig/recording-backend.ts'

let plain: Front
let named: Front
let open: Front

beforeAll(async () => {
  ;[plain, named, open] = await Promise.all([
    startFront(),
    startFront(['--allowed-host', 'gateway.example', '--cors-origin', 'https://chat.example']),
    startFront(['--allowed-host', '*']),
  ])
  for (const { backend } of [plain, named, open]) backend.answer = answering(200, {}, '{}')
})
afterAll(async () => {
  for (const front of [plain, named, open]) await front[Symbol.asyncDispose]()
})

/** Routes of every kind. */
const PATHS = [
  '/v1/chat/completions',
  '/v1/streams/x',
  '/v1/models',
  '/v1/embeddings',
  '/sluice.v1.TokenStreamService/Info',
  '/metrics',
  '/healthz',
  '/',
]

async function statusOf({ gateway }: Front, path: string, headers: Record<string, string>): Promise<number> {
  const method = path === '/metrics' || path === '/healthz' ? 'GET' : 'POST'
  const type = { 'content-type': 'application/json' }
  const asking = request(gateway.url + path, { method, headers: { ...type, ...headers } }).end()
  const [response] = (await once(asking, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  return response.statusCode
}

async function socketStatusOf(
  { gateway }: Front,
  headers: Record<string, string>,
  ...more: readonly string[]
): Promise<number> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/v1/ws`, ['sluice.v1', ...more], { headers })
  const opened = once(socket, 'open').then(() => 101)
  const refused = once(socket, 'unexpected-response').then(([, response]: { statusCode: number }[]) => {
    return response!.statusCode
  })
  opened.catch(() => {})
  refused.catch(() => {})
  socket.on('error', () => {})
  const status = await Promise.race([opened, refused])
  socket.terminate()
  return status
}

describe('on loopback, a name that a page has pointed here', () => {
  const rebound = { host: 'evil.example:8080', origin: 'http://evil.example:8080', 'sec-fetch-site': 'same-origin' }

  test.each(PATHS)('reaches nothing at %s, and nothing behind it', async (path) => {
    const before = plain.backend.asked.length
    for (const front of [plain, named]) expect(await statusOf(front, path, rebound)).toBe(403)
    expect(await statusOf(plain, path, { host: 'localhost.evil.example' })).toBe(403)
    expect(plain.backend.asked.length).toBe(before)
  })

  test('opens no socket, and none for the backend', async () => {
    expect(await socketStatusOf(plain, rebound)).toBe(403)
    expect(await socketStatusOf(plain, { host: 'evil.example' })).toBe(403)
  })

  test('is told which option names those that are taken', async () => {
    const asking = request(`${plain.gateway.url}/v1/models`, { headers: { host: 'evil.example' } }).end()
    const [response] = (await once(asking, 'response')) as [AsyncIterable<Buffer>]
    let text = ''
    for await (const piece of response) text += String(piece)
    expect(JSON.parse(text)).toMatchObject({
      error: { code: 'host_not_allowed', message: expect.stringContaining('--allowed-host') },
    })
  })
})

test('addresses, localhost and names below it are this machine, whatever the port', async () => {
  for (const host of ['localhost:1', '127.0.0.1', '[::1]:8080', 'api.localhost:3000', '192.168.1.2']) {
    expect(await statusOf(plain, '/v1/embeddings', { host })).toBe(200)
    expect(await socketStatusOf(plain, { host })).toBe(101)
  }
})

test('names that were given, hosts of pages that are let in, and any name where that was said, are taken', async () => {
  for (const host of ['gateway.example', 'GATEWAY.example:8443', 'chat.example']) {
    expect(await statusOf(named, '/v1/embeddings', { host })).toBe(200)
    expect(await socketStatusOf(named, { host })).toBe(101)
    expect(await socketStatusOf(named, { host, origin: `https://${host.toLowerCase()}` })).toBe(101)
  }
  expect(await statusOf(open, '/v1/embeddings', { host: 'any.example' })).toBe(200)
})

test('a page that this server has served opens a socket without being named, one of elsewhere does not', async () => {
  const { host, port } = new URL(plain.gateway.url)
  expect(await socketStatusOf(plain, { origin: `http://${host}` })).toBe(101)
  // Another program may serve pages at the same port of the other address that `localhost` has.
  const local = { host: `localhost:${port}`, origin: `http://localhost:${port}` }
  expect(await socketStatusOf(plain, local)).toBe(403)
  expect(await socketStatusOf(plain, { ...local, authorization: 'Bearer x' })).toBe(101)
  const answer = await fetch(`${plain.gateway.url}/v1/tickets`, { method: 'POST' })
  const { ticket } = (await answer.json()) as { ticket: string }
  expect(await socketStatusOf(plain, { ...local, origin: 'http://localhost:1' }, `ticket.${ticket}`)).toBe(403)
  expect(await socketStatusOf(plain, { ...local, origin: 'https://evil.example' }, `ticket.${ticket}`)).toBe(403)
  expect(await socketStatusOf(plain, local, `ticket.${ticket}`)).toBe(101)
  expect(await socketStatusOf(plain, local, `ticket.${ticket}`)).toBe(401)
  const allowed = await startFront(['--allowed-host', 'localhost'])
  expect(await socketStatusOf(allowed, local)).toBe(101)
  await allowed[Symbol.asyncDispose]()
  expect(await socketStatusOf(plain, { origin: 'https://evil.example' })).toBe(403)
  expect(await socketStatusOf(plain, { origin: 'https://evil.example', authorization: 'Basic x' })).toBe(403)
})
