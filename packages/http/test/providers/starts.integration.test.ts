import { messagesProvider, responsesProvider } from '@sluice/http/providers'
import { describe, expect, test } from 'vitest'

import { createRig, saying } from '../rig/rig.ts'

const providers = [responsesProvider, messagesProvider]
const BODY = { model: 'm', max_tokens: 9, input: 'hi', messages: [{ role: 'user', content: 'hi' }] }
const ROUTES = [
  [
    '/responses',
    { error: { message: expect.any(String), type: expect.any(String), code: expect.any(String), param: null } },
  ],
  ['/messages', { type: 'error', error: { type: expect.any(String), message: expect.any(String) } }],
] as const

describe.each(ROUTES)('POST %s', (path, shape) => {
  test('asks who sends it before it reads its body, and refuses in its provider’s words', async () => {
    const { resource, request, bodies } = createRig(saying('a'), { providers })
    let read = false
    const asked = request('POST', path, { stranger: true, json: BODY })
    const answer = await resource.handle({ ...asked, body: async () => (read = true) })
    expect([answer.status, read, bodies]).toEqual([401, false, []])
    expect(JSON.parse((answer as { body: string }).body)).toMatchObject(shape)
  })

  test.each([
    ['GET', undefined, 405],
    ['POST', [], 400],
    ['POST', { ...BODY, stream: 'yes' }, 400],
    ['POST', { ...BODY, sluice: { unknown: 1 } }, 400],
  ])('%s with %j is refused in its provider’s words: %i', async (method, json, status) => {
    const { ask, bodies } = createRig(saying('a'), { providers })
    const response = await ask(method, path, { json })
    expect([response.status, bodies]).toEqual([status, []])
    expect(await response.json()).toMatchObject(shape)
  })

  test('with an Idempotency-Key joins what the same request had started, and refuses another body', async () => {
    const { ask, bodies } = createRig(saying('a'), { providers })
    const headers = { 'idempotency-key': 'k' }
    const first = await ask('POST', path, { json: BODY, headers })
    const again = await ask('POST', path, { json: BODY, headers })
    expect(again.headers.get('sluice-stream-id')).toBe(first.headers.get('sluice-stream-id'))
    expect(await again.json()).toEqual(await first.json())
    expect((await ask('POST', path, { json: { ...BODY, model: 'other' }, headers })).status).toBe(422)
    const other = path === '/messages' ? '/responses' : '/messages'
    const elsewhere = await ask('POST', other, { json: BODY, headers })
    expect(elsewhere.headers.get('sluice-stream-id')).not.toBe(first.headers.get('sluice-stream-id'))
    expect(bodies[0]).toEqual(BODY)
  })

  test('lets pages of allowed origins send what official clients send', async () => {
    const { ask } = createRig(saying('a'), { providers, cors: { origins: ['https://app.example'] } })
    const names = 'content-type, x-api-key, anthropic-version, x-stainless-lang'
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': names }
    const preflight = await ask('OPTIONS', path, { headers: { origin: 'https://app.example', ...asked } })
    expect(preflight.headers.get('access-control-allow-headers')).toBe(names)
    const answer = await ask('POST', path, { json: BODY, headers: { origin: 'https://app.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(answer.headers.get('access-control-expose-headers')).toContain('Sluice-Stream-Id')
  })

  test('a body over maxJsonBytes is an error, and one that is streamed is not', async () => {
    const { ask } = createRig(saying('x'.repeat(500)), { providers, maxJsonBytes: 100 })
    expect(await (await ask('POST', path, { json: BODY })).json()).toMatchObject(shape)
    expect(await (await ask('POST', path, { json: { ...BODY, stream: true } })).text()).toContain('x'.repeat(500))
  })
})
