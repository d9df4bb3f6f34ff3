import { createSluice } from '@sluice/core'
import { sluiceRouter, type SluiceRouterOptions, tokens } from '@sluice/hono'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { describe, expect, test } from 'vitest'

const identify = () => ({ owner: 'ada' })
const JSON_TYPE = { 'content-type': 'application/json' }

function appWith(options: Partial<SluiceRouterOptions> = {}, before: (app: Hono) => void = () => {}): Hono {
  const app = new Hono()
  before(app)
  app.use(sluiceRouter({ sluice: createSluice(), identify, ...options }))
  app.get('/chat', (context) => tokens(context, () => ['a']))
  return app
}

test.each([
  ['alone', []],
  ['beside cors', [cors({ origin: 'https://app.example' })]],
])('what was set on the context goes with a stream, with JSON and with a refusal: %s', async (_, handlers) => {
  const app = appWith({}, (given) => {
    for (const handler of handlers) given.use(handler)
    given.use(async (context, next) => {
      context.header('x-a', '1')
      context.header('cache-control', 'public')
      await next()
    })
  })
  const stream = await app.request('/chat', { headers: { origin: 'https://app.example' } })
  const answers = [stream, await app.request(stream.headers.get('content-location')!), await app.request('/streams/x')]
  expect(answers.map(({ status, headers }) => [status, headers.get('x-a')])).toEqual([
    [200, '1'],
    [200, '1'],
    [404, '1'],
  ])
  const { headers } = stream
  expect(headers.get('cache-control')).toBe('no-store, no-transform')
  expect(headers.get('vary')).toContain('Last-Event-ID')
  expect((headers.get('vary') ?? '').includes('Origin')).toBe(handlers.length > 0)
  expect(headers.get('access-control-allow-origin') ?? '').toBe(handlers.length > 0 ? 'https://app.example' : '')
})

test('a body that a middleware has read is taken from Hono, and one that is no JSON is the client’s mistake', async () => {
  const app = appWith({ runner: (body) => () => [JSON.stringify(body)] }, (given) => {
    given.use(async (context, next) => {
      await context.req.text()
      await next()
    })
  })
  const post = (body: string) => app.request('/streams', { method: 'POST', headers: JSON_TYPE, body })
  expect(await (await post('{"prompt":"hi","stream":false}')).json()).toMatchObject({ status: 'ended' })
  expect((await post('{"prompt":')).status).toBe(400)
})

test('a Worker is kept alive until the stream that a request has started is settled', async () => {
  const kept: Promise<unknown>[] = []
  const context = {
    waitUntil: (settled: Promise<unknown>) => void kept.push(settled),
    passThroughOnException() {},
    props: {},
  }
  const answer = await appWith().request('/chat', {}, {}, context)
  await answer.text()
  expect(kept).toHaveLength(1)
  await kept[0]
})

describe('errors', () => {
  test('what is not for clients is the application’s', async () => {
    const told: unknown[] = []
    const app = appWith({ onSourceError: (error) => void told.push((error as Error).message) })
    app.onError((error, context) => context.json({ mine: error.message.slice(0, 5) }, 500))
    app.get('/wrong', (context) => tokens(context, () => [], { windowBytes: -1 }))
    app.get('/throws', (context) =>
      tokens(context, () => {
        throw new Error('secret')
      }),
    )
    const wrong = await app.request('/wrong')
    expect([wrong.status, Object.keys((await wrong.json()) as object)]).toEqual([500, ['mine']])
    const throws = await app.request('/throws')
    expect([throws.status, (await throws.text()).includes('secret'), told]).toEqual([502, false, ['secret']])
  })

  test('a route without a router before it says so', async () => {
    const app = new Hono()
    app.onError((error, context) => context.text(error.message, 500))
    app.get('/chat', (context) => tokens(context, () => ['a']))
    expect(await (await app.request('/chat')).text()).toContain('sluiceRouter')
  })

  test.each([
    [{ mount: 'v1' }, '"mount"'],
    [{ identify: 'nobody' as never }, '"identify"'],
  ])('the options %j are refused at once', (wrong, named) => {
    expect(() => appWith(wrong)).toThrow(named)
  })
})
