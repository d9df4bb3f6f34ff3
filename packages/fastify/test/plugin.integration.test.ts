import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createSluice } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import { ownTimeMs, until } from '@sluice/testing/patience'
import createFastify, { type FastifyInstance } from 'fastify'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { createChatApp, onCue, saying, textIn } from './chat-app.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const POST = { method: 'POST', headers: JSON_TYPE, body: '{"prompt":"hi"}' } as const

/** Also what the plugins have to be loaded in. */
const PLUGIN_TIMEOUT_MS = 1_500

describe('the plugin', () => {
  test('leaves the parsers of the application alone', async () => {
    await using chat = await createChatApp(
      (app) => {
        app.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) => done(null, { csv: body }))
        app.post('/echo', (request) => ({ got: request.body }))
        app.post('/chat', (request, reply) => reply.tokens(() => [(request.body as { prompt: string }).prompt]))
      },
      { plugin: { runner: (body) => () => [JSON.stringify(body)] } },
    )
    const url = await chat.listen()
    const echo = await fetch(`${url}/echo`, POST)
    expect(await echo.json()).toEqual({ got: { prompt: 'hi' } })
    const csv = await fetch(`${url}/echo`, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'a,b' })
    expect(await csv.json()).toEqual({ got: { csv: 'a,b' } })
    expect((await fetch(`${url}/echo`, { ...POST, body: '{"a":' })).status).toBe(400)
    expect((await fetch(`${url}/echo`, { ...POST, headers: { 'content-type': 'x/y' } })).status).toBe(415)
    expect(textIn(await (await fetch(`${url}/chat`, POST)).text())).toBe('hi')
    expect(textIn(await (await fetch(`${url}/streams`, POST)).text())).toBe('{"prompt":"hi"}')
  })

  test('mounts where it is told to, and starts nothing without a runner', async () => {
    const said = saying('a')
    await using chat = await createChatApp(
      (app) => {
        app.post('/chat', (_, reply) => reply.tokens(said.source))
      },
      { plugin: { mount: '/api/v2' } },
    )
    const url = await chat.listen()
    const posted = await fetch(`${url}/chat`, POST)
    const location = posted.headers.get('content-location')!
    expect(location).toMatch(/^\/api\/v2\/streams\//)
    expect(textIn(await (await fetch(url + location)).text())).toBe('a')
    expect((await fetch(`${url}/streams/x`)).status).toBe(404)
    expect((await fetch(`${url}/api/v2/streams`, POST)).status).toBe(405)
    expect((await fetch(`${url}/api/v2/chat/completions`, POST)).status).toBe(404)
  })

  test('gives feedback to a source, and cancels it', async () => {
    const heard = Promise.withResolvers<unknown>()
    const aborted = Promise.withResolvers<void>()
    await using chat = await createChatApp((app) => {
      app.post('/chat', (_, reply) =>
        reply.tokens(async function* ({ inbox, signal }) {
          signal.addEventListener('abort', () => aborted.resolve())
          yield 'waiting'
          for await (const message of inbox) heard.resolve(message)
        }),
      )
    })
    const url = await chat.listen()
    const posted = await fetch(`${url}/chat`, POST)
    const location = url + posted.headers.get('content-location')!
    expect((await fetch(`${location}/send`, { ...POST, body: '{"approve":true}' })).status).toBe(202)
    expect(await heard.promise).toEqual({ approve: true })
    const cancelled = await fetch(`${location}/cancel`, { method: 'POST' })
    expect(await cancelled.json()).toMatchObject({ end: { reason: 'cancelled', cause: 'client' } })
    await aborted.promise
    expect(await posted.text()).toContain('event: end')
  })

  test('rejects options that cannot be, where Fastify expects it', async () => {
    for (const wrong of [{ cors: { origins: ['nonsense'] } }, { maxJsonBytes: -1 }, { identify: 'nobody' as never }]) {
      const app = createFastify()
      const registered = Promise.resolve(
        app.register(sluicePlugin, { sluice: createSluice(), identify: () => undefined, ...wrong }),
      )
      await expect(registered.then(() => app.ready())).rejects.toMatchObject({ code: 'SLUICE_ERR_OPTION' })
    }
  })

  test('works by inject()', async () => {
    const said = saying('a', 'b')
    await using chat = await createChatApp((app) => {
      app.post('/chat', (_, reply) => reply.tokens(said.source))
    })
    const posted = await chat.app.inject({ method: 'POST', url: '/chat', payload: { prompt: 'hi' } })
    expect([posted.statusCode, textIn(posted.body)]).toEqual([200, 'ab'])
    const read = await chat.app.inject({ url: String(posted.headers['content-location']) })
    expect([read.statusCode, textIn(read.body)]).toEqual([200, 'ab'])
    const info = await chat.app.inject({
      url: String(posted.headers['content-location']),
      headers: { accept: 'application/json' },
    })
    expect(info.json()).toMatchObject({ status: 'ended' })
    expect((await chat.app.inject({ url: '/streams/unknown' })).statusCode).toBe(404)
  })

  test('compiles as its users write it', () => {
    expectTypeOf<FastifyInstance['sluice']>().toHaveProperty('attach')
    expectTypeOf(sluicePlugin).toBeCallableWith(
      createFastify(),
      { sluice: createSluice(), identify: () => undefined },
      () => {},
    )
    const app = createFastify<Server>()
    const sluice = createSluice<{ progress: { step: number } }>()
    app.register(sluicePlugin, { sluice: createSluice(), identify: async (request) => ({ owner: request.ip }) })
    app.post<{ Body: { prompt: string } }>('/chat', (request, reply) =>
      reply.tokens(() => [request.body.prompt], { errors: 'openai', key: 'a', meta: { a: 1 } }),
    )
    expectTypeOf(sluice).toHaveProperty('start')
  })
})

describe('closing the server', () => {
  test('lets a stream end, refuses new ones, and cuts what takes too long', async () => {
    const [short, long] = [onCue(), onCue()]
    await using chat = await createChatApp(
      (app) => {
        app.post('/short', (_, reply) => reply.tokens(short.source))
        app.post('/long', (_, reply) => reply.tokens(long.source))
      },
      { plugin: { drainMs: 1_500 } },
    )
    const url = await chat.listen()
    const [one, two] = await Promise.all([fetch(`${url}/short`, POST), fetch(`${url}/long`, POST)])
    const closed = chat.app.close()
    short.go()
    expect(textIn(await one.text())).toBe('first last')
    await expect(chat.sluice.start(() => [], { as: 'server' })).rejects.toMatchObject({ code: 'SLUICE_ERR_DRAINING' })
    const cut = await two.text()
    expect(textIn(cut)).toBe('first')
    expect(cut).toMatch(/event: end\ndata: .*"interrupted".*"drain"/)
    await long.aborted
    await closed
  })

  test('takes as long as drainMs says, whatever the time that Fastify gives its plugins', async () => {
    const said = onCue()
    await using chat = await createChatApp(
      (app) => {
        app.post('/chat', (_, reply) => reply.tokens(said.source))
      },
      { plugin: { drainMs: 30_000 }, server: { pluginTimeout: PLUGIN_TIMEOUT_MS } },
    )
    const url = await chat.listen()
    const response = await fetch(`${url}/chat`, POST)
    const closed = chat.app.close()
    await until(() => chat.sluice.stats().draining)
    // Timers of one process come in their order: Fastify's has come before this one.
    await new Promise((resolve) => setTimeout(resolve, 1.5 * PLUGIN_TIMEOUT_MS))
    const began = ownTimeMs()
    said.go()
    const body = await response.text()
    expect([textIn(body), /event: end\ndata: .*"complete":true/.test(body)]).toEqual(['first last', true])
    await closed
    expect(ownTimeMs() - began).toBeLessThan(20_000)
  })

  test('waits for nothing when nothing runs', async () => {
    const chat = await createChatApp(() => {}, { plugin: { drainMs: 60_000 } })
    await chat.listen()
    await chat.app.close()
    expect(chat.sluice.stats()).toMatchObject({ producing: 0, delivering: 0, draining: true })
  })
})

describe('HTTP/2', () => {
  /** A request on a session; the body is read to its end, or to where it breaks. */
  async function ask(origin: string, headers: Record<string, string>, body?: string) {
    const session = connect(origin)
    const stream = session.request({ ':method': body === undefined ? 'GET' : 'POST', ...headers })
    stream.end(body)
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
    let text = ''
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    return {
      head,
      stream,
      closeSession: () => session.close(),
      whole: once(stream, 'close').then(() => {
        session.close()
        return text
      }),
    }
  }

  async function listen(said: ReturnType<typeof onCue>) {
    const sluice = createSluice({ stream: { onDisconnect: 'cancel' } })
    const app = createFastify({ http2: true })
    await app.register(sluicePlugin as never, { sluice, identify: () => ({ owner: 'ada' }), drainMs: 0 } as never)
    app.post('/chat', (_, reply) => {
      void reply.header('x-a', '1')
      return (reply as unknown as { tokens(source: unknown): Promise<unknown> }).tokens(said.source)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { app, origin: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}` }
  }

  test('serves streams, resumes them, and tells who is unknown', async () => {
    const said = onCue()
    const { app, origin } = await listen(said)
    const posted = await ask(origin, { ':path': '/chat', ...JSON_TYPE }, '{}')
    expect(posted.head).toMatchObject({
      ':status': 200,
      'x-a': '1',
      'content-type': 'text/event-stream; charset=utf-8',
    })
    expect(posted.head).not.toHaveProperty('connection')
    const location = String(posted.head['content-location'])
    const reading = await ask(origin, { ':path': location, accept: 'text/event-stream' })
    said.go()
    expect(textIn(await posted.whole)).toBe('first last')
    expect(textIn(await reading.whole)).toBe('first last')
    const unknown = await ask(origin, { ':path': '/streams/unknown' })
    expect(unknown.head[':status']).toBe(404)
    await unknown.whole
    await app.close()
  })

  test('a stream that the client resets is left', async () => {
    const said = onCue()
    const { app, origin } = await listen(said)
    const { stream, closeSession } = await ask(origin, { ':path': '/chat', ...JSON_TYPE }, '{}')
    stream.close(8)
    await said.aborted
    closeSession()
    await app.close()
  })
})
