import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRaw } from '../rig/raw-client.ts'
import { answering, type Asked, type Front, startFront } from '../rig/recording-backend.ts'
import type { SpawnedGateway } from '../rig/spawned-gateway.ts'

let front: Front
let gateway: SpawnedGateway
let asked: Asked[]

beforeAll(async () => {
  front = await startFront()
  ;({ gateway } = front)
  ;({ asked } = front.backend)
})
afterAll(() => front[Symbol.asyncDispose]())

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
    '/v1/..%2fsecret',
    '/v1/a%2Fsecret',
    '/v1/..%5csecret',
    '/v1/a%5c..%5csecret',
    '/v1/..;/secret',
    '/v1/%252e%252e%252fsecret',
    '/v1/models#secret',
    '/v1/streams/',
    '/v1/streams//',
    '/v1/Streams/x',
    '/v1//streams/x',
    '/v1/streams/x/cancel/now',
    '/v1/streams/x/y/z/a',
    `/v1/streams/${'x'.repeat(300)}`,
    `/v1/streams/x/${'y'.repeat(300)}`,
    '/v1/chat/completions/',
    '/v1/chat/%63ompletions/x',
    '/v1/chat//completions',
    '/v1/chat/completions/chatcmpl-1/messages',
    '/v1/tickets/x',
    '/v1/ws/x',
  ])('%s leads nowhere', async (path) => {
    const before = asked.length
    front.backend.answer = answering(200, {}, 'leaked')
    using client = await openRaw(gateway.url, { method: 'GET', path, headers: { connection: 'close' } })
    await client.closed
    expect(client.received).toMatch(/^HTTP\/1\.1 404 /)
    expect(client.received).toMatch(/"code":"(?:not_found|SLUICE_ERR_NOT_FOUND)"/)
    expect(asked.length).toBe(before)
  })

  test('an absolute address in the request line goes to the backend, not to that address', async () => {
    const before = asked.length
    front.backend.answer = answering(200, {}, 'ok')
    const path = 'http://evil.example/v1/models'
    using client = await openRaw(gateway.url, { method: 'GET', path, headers: { connection: 'close' } })
    await client.closed
    expect(client.received).toMatch(/^HTTP\/1\.1 200 /)
    expect(asked.slice(before).map(({ url }) => url)).toEqual(['/base/v1/models'])
  })

  test.each(['/v1/models/org/name', '/v1/files/a%20b?x=%2f..%5c', '/v1/streamsandmore', '/v1//evil', '/v1/'])(
    '%s is the backend’s',
    async (path) => {
      const before = asked.length
      front.backend.answer = answering(200, {}, 'ok')
      using client = await openRaw(gateway.url, { method: 'GET', path, headers: { connection: 'close' } })
      await client.closed
      expect(client.received).toMatch(/^HTTP\/1\.1 200 /)
      expect(asked.slice(before).map(({ url }) => url)).toEqual([`/base${path}`])
    },
  )

  test('a path that is not encoded as a URL is a 400', async () => {
    using client = await openRaw(gateway.url, { method: 'GET', path: '/v1/%c0%af', headers: { connection: 'close' } })
    await client.closed
    expect(client.received).toMatch(/^HTTP\/1\.1 400 [^]*"type":"invalid_request_error"/)
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
