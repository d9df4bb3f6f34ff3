import { expect, test } from 'vitest'

import { type CorsOptions } from '@sluice/http'
import { CHAT, createRig, saying } from '../rig/rig.ts'

const APP = 'https://app.example'
const LISTED: CorsOptions = { origins: [APP], credentials: true }

test('an allowed origin is answered by name, and sees our headers', async () => {
  const { ask } = createRig(saying('x'), { cors: LISTED })
  for (const [method, url] of [
    ['POST', '/streams'],
    ['GET', '/streams/nobody'],
    ['GET', '/nowhere'],
  ] as const) {
    const { headers } = await ask(method, url, { json: CHAT, headers: { origin: APP } })
    expect(headers.get('access-control-allow-origin')).toBe(APP)
    expect(headers.get('access-control-allow-credentials')).toBe('true')
    expect(headers.get('access-control-expose-headers')).toContain('Content-Location')
    expect(headers.get('access-control-expose-headers')).toContain('Sluice-Stream-Id')
    expect(headers.get('vary')).toMatch(/, Origin$/)
  }
})

test.each(['https://evil.example', 'https://app.example.evil', 'null', APP.toUpperCase()])(
  'the origin %s is told nothing',
  async (origin) => {
    const { ask } = createRig(saying('x'), { cors: LISTED })
    for (const method of ['GET', 'OPTIONS']) {
      const headers = { origin, 'access-control-request-method': 'POST' }
      const response = await ask(method, '/streams/x', { headers })
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(response.headers.get('vary')).toContain('Origin')
    }
  },
)

test('a preflight is answered without knowing who asks', async () => {
  const { ask } = createRig(saying('x'), { cors: LISTED })
  const headers = {
    origin: APP,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,x-stainless-os',
  }
  const response = await ask('OPTIONS', '/chat/completions', { headers, stranger: true })
  expect(response.status).toBe(204)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'access-control-allow-origin': APP,
    'access-control-allow-credentials': 'true',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'authorization,x-stainless-os',
    'access-control-max-age': '600',
  })
})

test('what is no list of header names is not echoed', async () => {
  const { ask } = createRig(saying('x'), { cors: LISTED })
  const headers = { origin: APP, 'access-control-request-method': 'POST', 'access-control-request-headers': 'a: <b>' }
  const response = await ask('OPTIONS', '/streams', { headers })
  expect(response.headers.get('access-control-allow-headers')).toContain('Last-Event-ID')
})

test('every origin may be allowed, without credentials', async () => {
  const { ask } = createRig(saying('x'), { cors: { origins: '*' } })
  const { headers } = await ask('GET', '/streams/x', { headers: { origin: 'https://any.example' } })
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('access-control-allow-credentials')).toBeNull()
})

test.each<CorsOptions>([
  { origins: '*', credentials: true },
  { origins: ['*'] },
  { origins: ['app.example'] },
  { origins: ['https://app.example/'] },
  { origins: 'https://app.example' as never },
])('the option %j is refused when the resource is made', (cors) => {
  expect(() => createRig(saying('x'), { cors })).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }))
})

test('without the option nothing is said of origins', async () => {
  const { ask } = createRig(saying('x'))
  const { headers } = await ask('GET', '/streams/x', { headers: { origin: APP } })
  expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
})
