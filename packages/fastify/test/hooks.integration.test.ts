import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'

import { createChatApp, onCue, saying, textIn } from './chat-app.ts'

const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"hi"}' } as const

/** Every kind of answer: what it is, how it is asked for (`{id}` is a stream that has ended), and its status. */
const ANSWERS: readonly [string, string, RequestInit, number][] = [
  ['a stream', '/chat', POST, 200],
  ['a stream that is read', '/streams/{id}', {}, 200],
  ['JSON', '/streams/{id}', { headers: { accept: 'application/json' } }, 200],
  ['lines', '/streams/{id}', { headers: { accept: 'application/x-ndjson' } }, 200],
  ['a stream that is read to its end', '/streams/{id}?after=now', {}, 204],
  ['a refusal', '/streams/unknown', {}, 404],
  ['a refusal of an own route', '/chat?after=x.y', {}, 400],
  ['the head of a stream', '/chat', { method: 'HEAD' }, 200],
  ['the head of JSON', '/streams/{id}', { method: 'HEAD', headers: { accept: 'application/json' } }, 200],
  ['the methods of a path', '/streams', { method: 'OPTIONS' }, 204],
]

async function appWith(hooks: (app: FastifyInstance) => void) {
  const chat = await createChatApp((app) => {
    hooks(app)
    app.post('/chat', (_, reply) => reply.tokens(saying('a').source))
    app.get('/chat', (_, reply) => reply.tokens(saying('a').source))
  })
  const { id } = await chat.sluice.start(saying('a').source, { as: { owner: 'ada' }, onDisconnect: 'continue' })
  return { chat, id, url: await chat.listen() }
}

describe('what hooks set reaches the client', () => {
  test.each(ANSWERS)('with %s', async (_, path, init, status) => {
    const order: string[] = []
    const { chat, id, url } = await appWith((app) => {
      app.addHook('onRequest', async (_request, reply) => void reply.header('x-early', '1').header('vary', 'X-Early'))
      app.addHook('onSend', async (_request, reply, payload) => {
        order.push('onSend')
        await Promise.resolve()
        void reply.header('x-late', String(reply.statusCode)).header('set-cookie', ['a=1', 'b=2'])
        return payload
      })
      app.addHook('onResponse', async () => void order.push('onResponse'))
    })
    const response = await fetch(url + path.replace('{id}', id), init)
    const { headers } = response
    expect([response.status, headers.get('x-early'), headers.get('x-late')]).toEqual([status, '1', String(status)])
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(headers.get('vary')).toContain('X-Early')
    const length = headers.get('content-length')
    const body = await response.text()
    if (init.method !== 'HEAD') expect(body.length > 0).toBe(status !== 204)
    if (length !== null && init.method !== 'HEAD') expect(Number(length)).toBe(Buffer.byteLength(body))
    await chat.app.close()
    expect(order).toEqual(['onSend', 'onResponse'])
  })

  test('and not in place of what keeps tokens from being held back', async () => {
    const { chat, url } = await appWith((app) => {
      app.addHook('onSend', async (_request, reply, payload) => {
        void reply.header('cache-control', 'public').header('content-type', 'text/plain')
        return payload
      })
    })
    const { headers } = await fetch(`${url}/chat`, POST)
    expect([headers.get('cache-control'), headers.get('content-type')]).toEqual([
      'no-store, no-transform',
      'text/event-stream; charset=utf-8',
    ])
    await chat.app.close()
  })
})

describe('a hook of onSend', () => {
  test('that fails is answered by the application, and the stream is left', async () => {
    const said = onCue()
    await using chat = await createChatApp((app) => {
      app.setErrorHandler((error, _, reply) => reply.code(500).send({ mine: (error as Error).message }))
      app.addHook('onSend', async (request, reply, payload) => {
        if (reply.statusCode === 200) throw new Error(`no ${request.url}`)
        return payload
      })
      app.post('/chat', (_, reply) => reply.tokens(said.source, { onDisconnect: 'cancel' }))
      app.post('/kept', async (_, reply) => void (await reply.tokens(said.source, { onDisconnect: 'cancel' })))
    })
    const url = await chat.listen()
    for (const path of ['/chat', '/kept']) {
      const response = await fetch(url + path, POST)
      expect([response.status, await response.json()]).toEqual([500, { mine: `no ${path}` }])
    }
    await said.aborted
  })

  test('that answers in our place is the answer', async () => {
    const { chat, url } = await appWith((app) => {
      app.addHook('onSend', async () => 'something else')
    })
    const response = await fetch(`${url}/chat`, POST)
    expect([response.status, await response.text()]).toEqual([200, 'something else'])
    await chat.app.close()
  })

  test('that compresses lets streams be', async () => {
    const said = onCue()
    await using chat = await createChatApp(
      (app) => {
        app.post('/chat', (_, reply) => reply.tokens(said.source))
        app.get('/plain', () => 'text that is worth it')
      },
      { before: (app) => void app.register(compress, { threshold: 0 }) },
    )
    const url = await chat.listen()
    expect((await fetch(`${url}/plain`)).headers.get('content-encoding')).not.toBeNull()
    const response = await fetch(`${url}/chat`, POST)
    expect(response.headers.get('content-encoding')).toBeNull()
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('first')) text += (await reader.read()).value!
    said.go()
    for (let step = await reader.read(); !step.done; step = await reader.read()) text += step.value
    expect(textIn(text)).toBe('first last')
  })
})

test('a session that a streaming route notes something in is saved, and a first visitor owns the stream', async () => {
  await using chat = await createChatApp(
    (app) => {
      app.get('/chat', (request, reply) => {
        request.session.set('lastChat', 'c1')
        return reply.tokens(saying('one ', 'two').source)
      })
      app.get('/me', (request) => ({ lastChat: request.session.get('lastChat') ?? null }))
    },
    {
      before(app) {
        void app.register(cookie)
        void app.register(session, { secret: 'a secret of at least thirty-two characters', cookie: { secure: false } })
      },
      plugin: { identify: (request) => ({ owner: request.session.sessionId }) },
    },
  )
  const url = await chat.listen()
  const answer = await fetch(`${url}/chat`)
  expect(textIn(await answer.text())).toBe('one two')
  const headers = { cookie: answer.headers.getSetCookie()[0]!.split(';', 1)[0]! }
  expect(await (await fetch(`${url}/me`, { headers })).json()).toEqual({ lastChat: 'c1' })
  const again = await fetch(url + answer.headers.get('content-location')!, { headers })
  expect([again.status, textIn(await again.text())]).toEqual([200, 'one two'])
})

declare module 'fastify' {
  interface Session {
    lastChat?: string
  }
}
