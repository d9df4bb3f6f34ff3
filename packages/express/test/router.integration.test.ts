import { createSluice, type SluiceError } from '@sluice/core'
import { sluiceRouter } from '@sluice/express'
import express, { type ErrorRequestHandler, Router } from 'express'
import session from 'express-session'
import { describe, expect, expectTypeOf, test } from 'vitest'

import { createChatApp, listen, textIn } from './chat-app.ts'

const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"hi"}' } as const
const identify = () => ({ owner: 'ada' })

describe('a router of the application', () => {
  test('at a path of its own serves there, and says so', async () => {
    const sluice = createSluice()
    const app = express()
    const api = Router()
    api.use(sluiceRouter({ sluice, identify, mount: '/v1' }))
    api.get('/chat', (_, response) => response.tokens(() => ['a']))
    app.use('/api', api)
    await using served = await listen(app, sluice)
    const answer = await fetch(`${served.url}/api/chat`)
    const location = answer.headers.get('content-location')!
    expect(location).toMatch(/^\/api\/v1\/streams\/\w+$/)
    expect(textIn(await (await fetch(served.url + location)).text())).toBe('a')
    expect((await fetch(`${served.url}/v1/streams/x`)).status).toBe(404)
  })

  test('used at a path is mounted there, and leaves what is not its own to others', async () => {
    const sluice = createSluice()
    const app = express()
    app.use('/v1', sluiceRouter({ sluice, identify }))
    app.get('/v1/chat', (_, response) => response.tokens(() => ['a']))
    app.get('/v1/streams/:id/notes', (_, response) => void response.json({ own: true }))
    await using served = await listen(app, sluice)
    const answer = await fetch(`${served.url}/v1/chat`)
    expect(answer.headers.get('content-location')).toMatch(/^\/v1\/streams\//)
    expect(await (await fetch(`${served.url}/v1/streams/x/notes`)).json()).toEqual({ own: true })
  })

  test('behind a path that the application has rewritten, streams are below publicMount', async () => {
    await using chat = await createChatApp(
      (app) => void app.get('/chat', (_, response) => response.tokens(() => ['a'])),
      {
        before: (app) =>
          void app.use((request, _, next) => {
            request.url = request.url.replace(/^\/outside/, '')
            next()
          }),
        router: { mount: '/v1', publicMount: '/outside/v1' },
      },
    )
    const location = (await fetch(`${chat.url}/outside/chat`)).headers.get('content-location')!
    expect(location).toMatch(/^\/outside\/v1\/streams\//)
    expect(textIn(await (await fetch(chat.url + location)).text())).toBe('a')
  })
})

describe('bodies', () => {
  test.each<[string, express.RequestHandler[]]>([
    ['no parser', []],
    ['express.json()', [express.json()]],
    ['express.text() for everything', [express.text({ type: '*/*' })]],
    ['express.raw() for everything', [express.raw({ type: '*/*' })]],
  ])('of POST /streams with %s', async (_, parsers) => {
    await using chat = await createChatApp(() => {}, {
      before: (app) => void parsers.map((parser) => app.use(parser)),
      router: { runner: (body) => () => [JSON.stringify(body)] },
    })
    expect(textIn(await (await fetch(`${chat.url}/streams`, POST)).text())).toBe('{"prompt":"hi"}')
  })
})

describe('errors', () => {
  test('what is not a client’s affair goes to the error handler of the application, and it answers', async () => {
    const onError: ErrorRequestHandler = (error: SluiceError, _request, response, _next) =>
      void response.status(500).json({ mine: error.code ?? error.message })
    const told: unknown[] = []
    await using chat = await createChatApp(
      (app) => {
        app.post('/option', async (_, response) => void (await response.tokens(() => [], { windowBytes: -1 })))
        app.post('/twice', async (_, response) => {
          await response.tokens(() => ['a'])
          await response.tokens(() => ['b'])
        })
        app.post('/throws', (_, response) =>
          response.tokens(() => {
            throw new Error('secret')
          }),
        )
        app.use(onError)
      },
      {
        router: {
          identify: (request) => {
            if (request.get('x-user') === 'nobody knows') throw new Error('the database is down')
            return { owner: 'ada' }
          },
          onError: (error) => void told.push((error as Error).message),
          onSourceError: (error, { id }) => void told.push([(error as Error).message, id.length]),
        },
      },
    )
    const wrong = await fetch(`${chat.url}/option`, POST)
    expect([wrong.status, await wrong.json()]).toEqual([500, { mine: 'SLUICE_ERR_OPTION' }])
    const headers = { ...POST.headers, 'x-user': 'nobody knows' }
    const broken = await fetch(`${chat.url}/option`, { ...POST, headers })
    expect(await broken.json()).toEqual({ mine: 'the database is down' })
    expect((await fetch(`${chat.url}/streams/x`, { headers })).status).toBe(500)
    expect((await fetch(`${chat.url}/throws`, POST)).status).toBe(502)
    expect(told).toEqual(['the database is down', ['secret', 26]])
    expect(textIn(await (await fetch(`${chat.url}/twice`, POST)).text())).toBe('a')
  })

  test.each([
    [{ mount: 'v1' }, '"mount"'],
    [{ publicMount: 'chat' }, '"publicMount"'],
    [{ cors: { origins: ['nonsense'] } }, 'nonsense'],
    [{ identify: 'nobody' as never }, '"identify"'],
  ])('the options %j are refused at once', (wrong, named) => {
    expect(() => sluiceRouter({ sluice: createSluice(), identify, ...wrong })).toThrow(named)
  })
})

describe('with express-session', () => {
  test.each([
    ['who has noted something', true],
    ['a first visitor', false],
  ])('%s owns the stream while it runs, and has what the route noted', async (_, notes) => {
    const cue = Promise.withResolvers<void>()
    const store = new session.MemoryStore()
    await using chat = await createChatApp(
      (app) => {
        app.get('/chat', async (request, response) => {
          if (notes) request.session.lastChat = 'c1'
          await response.tokens(async function* () {
            yield 'one '
            await cue.promise
            yield 'two'
          })
        })
        app.get('/me', (request, response) => void response.json({ lastChat: request.session.lastChat ?? null }))
      },
      {
        before: (app) => void app.use(session({ secret: 's', resave: false, saveUninitialized: !notes, store })),
        router: { identify: (request) => ({ owner: request.sessionID }) },
      },
    )
    const answer = await fetch(`${chat.url}/chat`)
    const headers = { cookie: answer.headers.getSetCookie()[0]!.split(';', 1)[0]! }
    const again = await fetch(chat.url + answer.headers.get('content-location')!, { headers })
    expect(await (await fetch(`${chat.url}/me`, { headers })).json()).toEqual({ lastChat: notes ? 'c1' : null })
    cue.resolve()
    expect([again.status, textIn(await again.text()), textIn(await answer.text())]).toEqual([200, 'one two', 'one two'])
  })

  test('a session of nobody is not stored', async () => {
    const store = new session.MemoryStore()
    await using chat = await createChatApp(
      (app) => void app.get('/chat', (_, response) => response.tokens(() => ['a'])),
      {
        before: (app) => void app.use(session({ secret: 's', resave: false, saveUninitialized: false, store })),
      },
    )
    await (await fetch(`${chat.url}/chat`)).text()
    expect((store as session.MemoryStore & { sessions: object }).sessions).toEqual({})
  })
})

test('compiles as its users write it', () => {
  const app = express()
  expectTypeOf(sluiceRouter({ sluice: createSluice(), identify: ({ ip }) => ({ owner: ip ?? '' }) })).toBeFunction()
  app.post('/chat', (request, response) =>
    response.tokens(() => [String(request.body)], { key: 'a', errors: 'openai' }),
  )
})

declare module 'express-session' {
  interface SessionData {
    lastChat?: string
  }
}
