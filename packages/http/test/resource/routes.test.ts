import { SluiceError } from '@sluice/core'
import { createVirtualRuntime } from '@sluice/testing'
import { describe, expect, test } from 'vitest'

import { CHAT, createRig, saying } from '../rig/rig.ts'

const ID = '0123456789abcdefghjkmnpqrs'
const ROUTES = [
  ['POST', '/chat/completions'],
  ['POST', '/streams'],
  ['GET', '/streams?key=k'],
  ['GET', `/streams/${ID}`],
  ['DELETE', `/streams/${ID}`],
  ['POST', `/streams/${ID}/cancel`],
  ['POST', `/streams/${ID}/ack`],
  ['POST', `/streams/${ID}/send`],
] as const

const BODIES: Record<string, unknown> = { ack: { reader: 'r', cursor: `${ID}.1.0`, credit: 1 }, send: 1 }
const bodyOf = (url: string): unknown => BODIES[url.split('/').at(-1) ?? ''] ?? CHAT

/** The error's code, in the words of the route. */
async function codeOf(url: string, response: Response): Promise<unknown> {
  const body = (await response.json()) as { code?: unknown; error?: { code: unknown; message: string } }
  const isChat = url === '/chat/completions'
  expect(response.headers.get('content-type')).toBe(
    isChat ? 'application/json; charset=utf-8' : 'application/problem+json',
  )
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  return isChat ? body.error?.code : body.code
}

describe.each(ROUTES)('%s %s', (method, url) => {
  test('a stranger gets a 401 in the route\u2019s words', async () => {
    const { ask } = createRig(saying('x'))
    const response = await ask(method, url, { json: bodyOf(url), stranger: true })
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await codeOf(url, response)).toBe('SLUICE_ERR_UNAUTHORIZED')
  })

  test('an identify that fails is a 500 that tells nothing, and is reported', async () => {
    const failure = new Error('db://secret')
    const { ask, errors } = createRig(saying('x'), { identify: () => Promise.reject(failure) })
    const response = await ask(method, url, { json: bodyOf(url) })
    expect(response.status).toBe(500)
    expect(await response.clone().text()).not.toContain('secret')
    expect(await codeOf(url, response)).toBe('SLUICE_ERR_INTERNAL')
    expect(errors).toEqual([failure])
  })

  test('a method it does not take is a 405 that names those it takes', async () => {
    const { ask } = createRig(saying('x'))
    const response = await ask('PATCH', url)
    expect([response.status, response.headers.get('allow')]).toEqual([405, expect.stringContaining(method) as string])
    expect(await codeOf(url, response)).toBe('SLUICE_ERR_REQUEST')
    const options = await ask('OPTIONS', url, { stranger: true })
    expect([options.status, options.headers.get('allow')]).toEqual([204, response.headers.get('allow')])
  })

  test('an id that nobody has is a 404, where it takes one', async () => {
    if (!url.includes(ID)) return
    const { ask } = createRig(saying('x'))
    const response = await ask(method, url, { json: bodyOf(url) })
    expect([response.status, await codeOf(url, response)]).toEqual([404, 'SLUICE_ERR_NOT_FOUND'])
  })
})

describe.each(['/chat/completions', '/streams'])('POST %s', (url) => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])

  test.each<[string, unknown, string]>([
    ['no object', [], 'SLUICE_ERR_REQUEST'],
    ['a stream that is no boolean', { ...CHAT, stream: 'yes' }, 'SLUICE_ERR_REQUEST'],
    ['a model that is no string', { ...CHAT, model: 7 }, 'SLUICE_ERR_REQUEST'],
    ['an unknown name in "sluice"', { ...CHAT, sluice: { windowBytes: 1 } }, 'SLUICE_ERR_REQUEST'],
    ['an empty key', { ...CHAT, sluice: { key: '' } }, 'SLUICE_ERR_REQUEST'],
    ['a grace beyond an hour', { ...CHAT, sluice: { onDisconnect: { graceMs: 1e9 } } }, 'SLUICE_ERR_REQUEST'],
    ['much meta', { ...CHAT, sluice: { meta: { a: 'x'.repeat(20_000) } } }, 'SLUICE_ERR_REQUEST'],
    ['a value that is too deep', { ...CHAT, tools: deep(200) }, 'SLUICE_ERR_REQUEST'],
    ['a __proto__', { ...CHAT, metadata: JSON.parse('{"__proto__":{"admin":true}}') as unknown }, 'SLUICE_ERR_REQUEST'],
  ])('refuses a body with %s', async (_, json, code) => {
    const { ask, bodies } = createRig(saying('x'))
    const response = await ask('POST', url, { json })
    expect(response.status).toBe(400)
    expect(await codeOf(url, response)).toBe(code)
    expect(bodies).toEqual([])
  })

  test('refuses what a page could send without asking', async () => {
    const { ask } = createRig(saying('x'))
    const statusWith = async (headers: Record<string, string>): Promise<number> =>
      (await ask('POST', url, { json: CHAT, headers })).status
    expect(await statusWith({ 'content-type': 'text/plain' })).toBe(415)
    expect(await statusWith({ 'content-type': 'application/problem+json; charset=utf-8' })).toBe(200)
  })

  test('tells what the runner says of the body, and nothing else of it', async () => {
    const thrown: unknown[] = [
      new SluiceError('SLUICE_ERR_REQUEST', 'The field "n" is too large.'),
      new SluiceError('SLUICE_ERR_OPTION', 'The option "upstream" is wrong.'),
      new TypeError('cannot read secret of undefined'),
    ]
    const statuses: number[] = []
    for (const error of thrown) {
      const rig = createRig(saying('x'), {
        runner: () => {
          throw error
        },
      } as never)
      const response = await rig.ask('POST', url, { json: CHAT })
      statuses.push(response.status)
      const text = await response.text()
      expect(text.includes('too large')).toBe(response.status === 400)
      expect(text).not.toMatch(/upstream|secret/)
    }
    expect(statuses).toEqual([400, 500, 500])
  })

  test('is refused while the process drains, with a time to come back', async () => {
    const { ask, sluice } = createRig(saying('x'))
    void sluice.drain({ withinMs: 1 })
    const response = await ask('POST', url, { json: CHAT })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await codeOf(url, response)).toBe('SLUICE_ERR_DRAINING')
  })

  test('is refused beyond the limits of its owner', async () => {
    const { ask } = createRig(saying('x'), { sluice: { limits: { startBurst: 1, startsPerSecond: 0.5 } } })
    expect((await ask('POST', url, { json: CHAT })).status).toBe(200)
    const response = await ask('POST', url, { json: CHAT })
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await codeOf(url, response)).toBe('SLUICE_ERR_RATE')
  })
})

test.each([
  '',
  '/',
  '/streams/',
  '/streams//cancel',
  '/Streams',
  '/streams/a/b',
  '/streams/a/cancel/',
  '/streams/a/cancel/b',
  '/streams/a/CANCEL',
  '/streams%2Fa',
  '/chat',
  '/chat/completions/',
  '/chat/completions/x',
  '/v1/streams',
  '/constructor',
  '/streams/a/constructor',
])('the path %j is not ours, whatever the method', async (path) => {
  const { resource, request } = createRig(saying('x'))
  expect(resource.owns(path)).toBe(false)
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const plan = await resource.handle({ ...request(method, '/', { json: CHAT }), path })
    expect(plan).toMatchObject({ status: 404, headers: { 'content-type': 'application/problem+json' } })
  }
})

test('without a runner nothing can be started, and the rest is there', async () => {
  const { ask, resource } = createRig(undefined)
  expect(resource.owns('/chat/completions')).toBe(false)
  expect((await ask('POST', '/chat/completions', { json: CHAT })).status).toBe(404)
  const post = await ask('POST', '/streams', { json: CHAT })
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  expect((await ask('GET', '/streams?key=k')).status).toBe(204)
})

test('an onError that throws changes nothing', async () => {
  const { ask } = createRig(saying('x'), {
    identify: () => Promise.reject(new Error('x')),
    onError: () => {
      throw new Error('observer')
    },
  })
  expect((await ask('GET', '/streams?key=k')).status).toBe(500)
})

test('contract 4: an identify that hangs fails the request after 5 s', async () => {
  const runtime = createVirtualRuntime()
  const { ask } = createRig(saying('x'), { sluice: { runtime }, identify: () => new Promise(() => {}) })
  const asked = ask('POST', '/streams', { json: CHAT })
  await runtime.advance(5_001)
  expect((await asked).status).toBe(503)
  expect(runtime.pendingTimers).toBe(0)
})
