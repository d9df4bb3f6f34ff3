import { SluiceError } from '@sluice/core'
import { EventSource } from 'eventsource'
import { describe, expect, test } from 'vitest'
import { createChatApp, identifyByHeader, onCue, saying, textIn } from './chat-app.ts'

const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"hi"}' } as const

/** Reads as a page would; resolves once the first text is there. */
async function readInPage(url: string): Promise<{ closed: Promise<{ text: string; statuses: number[] }> }> {
  const statuses: number[] = []
  const source = new EventSource(url, {
    fetch: async (input, init) => {
      const response = await fetch(input, init as RequestInit)
      statuses.push(response.status)
      return response
    },
  })
  let text = ''
  const closed = new Promise<{ text: string; statuses: number[] }>((resolve) => {
    source.addEventListener('error', () => {
      if (source.readyState === source.CLOSED) resolve({ text, statuses })
    })
  })
  await new Promise<void>((resolve) => {
    source.addEventListener('text', ({ data }) => {
      text += (JSON.parse(data as string) as { text: string }).text
      resolve()
    })
  })
  return { closed }
}

describe('reply.tokens', () => {
  test('answers a POST, and a page that reads the same route by GET does not generate twice', async () => {
    const said = onCue()
    await using chat = await createChatApp((app) => {
      app.post('/chat', (_, reply) => reply.tokens(said.source, { key: 'chat-1' }))
      app.get('/chat', (_, reply) => reply.tokens(said.source, { key: 'chat-1' }))
    })
    const url = await chat.listen()
    const posted = await fetch(`${url}/chat`, POST)
    expect(posted.status).toBe(200)
    const location = posted.headers.get('content-location')!
    expect(location).toBe(`/streams/${posted.headers.get('sluice-stream-id')}`)
    const pages = await Promise.all([readInPage(`${url}/chat`), readInPage(url + location)])
    said.go()
    expect(textIn(await posted.text())).toBe('first last')
    for (const { closed } of pages) expect(await closed).toEqual({ text: 'first last', statuses: [200, 204] })
    expect(said.calls).toBe(1)
  })

  test('attaches with a cursor, and never calls the source', async () => {
    const said = saying('a', 'b', 'c')
    await using chat = await createChatApp((app) => {
      app.get('/chat', (_, reply) => reply.tokens(said.source))
    })
    const url = await chat.listen()
    const body = await (await fetch(`${url}/chat`)).text()
    const [cursor, end] = [/^id: (\S+)\nevent: text/m.exec(body)![1]!, /^id: (\S+)\nevent: end/m.exec(body)![1]!]
    const rest = await (await fetch(`${url}/chat?after=${cursor.replace(/\d+$/, '1')}`)).text()
    expect(textIn(rest)).toBe('bc')
    const over = await fetch(`${url}/chat`, { headers: { 'last-event-id': end } })
    expect([over.status, over.headers.get('sluice-end')]).toEqual([204, 'stop'])
    expect((await fetch(`${url}/chat?after=${'a'.repeat(26)}.1.1`)).status).toBe(404)
    expect((await fetch(`${url}/chat?after=x.y`)).status).toBe(400)
    expect(said.calls).toBe(1)
  })

  test('resolves to the stream, and an async handler may return it or not', async () => {
    const ids: (string | undefined)[] = []
    const errors: Error[] = []
    await using chat = await createChatApp((app) => {
      app.addHook('onError', async (_request, _reply, error) => void errors.push(error))
      app.post('/returned', async (_, reply) => {
        const stream = await reply.tokens(saying('a').source)
        ids.push(stream?.id)
        return stream
      })
      app.post('/kept', async (_, reply) => {
        const stream = await reply.tokens(saying('a').source)
        ids.push(stream?.id)
      })
      app.post('/mixed', async (_, reply) => {
        await reply.tokens(saying('a').source)
        return { not: 'sent' }
      })
      app.post('/given', (_, reply) => void reply.tokens(saying('a').source))
    })
    const url = await chat.listen()
    const sent: (string | null)[] = []
    for (const path of ['/returned', '/kept', '/mixed', '/given']) {
      const response = await fetch(url + path, POST)
      const body = await response.text()
      expect([path, textIn(body), body.includes('not')]).toEqual([path, 'a', false])
      sent.push(response.headers.get('sluice-stream-id'))
    }
    expect(ids).toEqual(sent.slice(0, 2))
    expect(errors).toEqual([])
  })

  test('keeps headers that hooks and the route have set', async () => {
    await using chat = await createChatApp((app) => {
      app.addHook('onRequest', async (_, reply) => void reply.header('x-a', '1'))
      app.addHook('preHandler', async (_, reply) => void reply.header('set-cookie', ['a=1', 'b=2']))
      app.post('/chat', (_, reply) => {
        reply.header('access-control-expose-headers', 'X-A').header('vary', 'X-User')
        return reply.tokens(saying('a').source)
      })
    })
    const url = await chat.listen()
    const { headers } = await fetch(`${url}/chat`, POST)
    expect(headers.get('x-a')).toBe('1')
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(headers.get('access-control-expose-headers')).toContain('X-A')
    expect(headers.get('vary')).toContain('X-User')
    expect(headers.get('vary')).toContain('Accept')
    expect(headers.get('cache-control')).toBe('no-store, no-transform')
    const refused = await fetch(`${url}/streams/unknown`)
    expect([refused.status, refused.headers.get('x-a')]).toEqual([404, '1'])
  })

  test('detaches when the client leaves, which is no error, and cancels under that policy', async () => {
    const said = onCue()
    const logged: string[] = []
    const stream = { write: (line: string) => void logged.push(line) }
    await using chat = await createChatApp(
      (app) => {
        app.post('/chat', (_, reply) => reply.tokens(said.source, { onDisconnect: 'cancel' }))
      },
      { server: { logger: { level: 'warn', stream } } },
    )
    const url = await chat.listen()
    const abort = new AbortController()
    const response = await fetch(`${url}/chat`, { ...POST, signal: abort.signal })
    await response.body!.getReader().read()
    abort.abort()
    await said.aborted
    expect(logged).toEqual([])
  })

  test('is refused to strangers, in the words of its wire, and the source is not called', async () => {
    const said = saying('a')
    await using chat = await createChatApp(
      (app) => {
        app.post('/chat', (_, reply) => reply.tokens(said.source))
        app.post('/openai', (_, reply) => reply.tokens(said.source, { errors: 'openai' }))
        app.post('/as', (_, reply) => reply.tokens(said.source, { as: 'server' }))
      },
      { plugin: { identify: identifyByHeader } },
    )
    const url = await chat.listen()
    const native = await fetch(`${url}/chat`, POST)
    expect([native.status, native.headers.get('content-type')]).toEqual([401, 'application/problem+json'])
    expect(native.headers.get('www-authenticate')).toBe('Bearer')
    const openai = await fetch(`${url}/openai`, POST)
    expect(openai.status).toBe(401)
    expect(await openai.json()).toMatchObject({ error: { type: 'authentication_error' } })
    expect((await fetch(`${url}/streams/x`)).status).toBe(401)
    expect(said.calls).toBe(0)
    expect((await fetch(`${url}/as`, POST)).status).toBe(200)
    const known = await fetch(`${url}/chat`, { ...POST, headers: { ...POST.headers, 'x-user': 'ada' } })
    const theirs = url + known.headers.get('content-location')!
    expect((await fetch(theirs, { headers: { 'x-user': 'ada' } })).status).toBe(200)
    expect((await fetch(theirs, { headers: { 'x-user': 'eve' } })).status).toBe(404)
  })

  test.each(['server', 'ada', ['ada'], {}, { owner: '' }])(
    'contract 12: an identify that gives %j is an error of the application, and nobody gets a stream by it',
    async (answer) => {
      const said = saying('a')
      await using chat = await createChatApp(
        (app) => {
          app.setErrorHandler((error, _, reply) => reply.code(500).send({ mine: (error as Error).message }))
          app.post('/chat', (_, reply) => reply.tokens(said.source))
        },
        { plugin: { identify: () => answer as never } },
      )
      const theirs = await chat.sluice.start(() => ['internal'], { as: 'server', onDisconnect: 'continue' })
      const url = await chat.listen()
      const posted = await fetch(`${url}/chat`, POST)
      expect([posted.status, await posted.json()]).toMatchObject([
        500,
        { mine: expect.stringContaining('"identify"') as string },
      ])
      const read = await fetch(`${url}/streams/${theirs.id}`)
      expect([read.status, (await read.text()).includes('internal')]).toEqual([500, false])
      expect(said.calls).toBe(0)
    },
  )

  test('shapes errors: those meant for clients are told, the rest is for the application', async () => {
    await using chat = await createChatApp(
      (app) => {
        app.setErrorHandler((error, _, reply) => reply.code(500).send({ mine: (error as Error).message }))
        app.post('/busy', (_, reply) =>
          reply.tokens(() => {
            throw new SluiceError('SLUICE_ERR_BACKEND', 'Busy.', { status: 429, retryAfterMs: 1_200 })
          }),
        )
        app.post('/broken', (_, reply) =>
          reply.tokens(() => {
            throw new Error('secret')
          }),
        )
        app.post('/option', (_, reply) => reply.tokens(saying('a').source, { windowBytes: -1 }))
        app.post('/item', (_, reply) => reply.tokens('text' as never))
      },
      {
        plugin: {
          identify: ({ headers }) => {
            if (headers['x-who'] === 'error') throw new Error('database is down')
            if (headers['x-who'] === 'revoked') throw new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'Revoked.')
            return { owner: 'ada' }
          },
        },
      },
    )
    const url = await chat.listen()
    const busy = await fetch(`${url}/busy`, POST)
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await busy.json()).toMatchObject({ status: 429, detail: 'Busy.', code: 'SLUICE_ERR_BACKEND' })
    const broken = await fetch(`${url}/broken`, POST)
    expect([broken.status, (await broken.text()).includes('secret')]).toEqual([502, false])
    for (const path of ['/option', '/item']) {
      const wrong = await fetch(url + path, POST)
      expect([wrong.status, Object.keys((await wrong.json()) as object)]).toEqual([500, ['mine']])
    }
    const as = (who: string) => fetch(`${url}/busy`, { ...POST, headers: { ...POST.headers, 'x-who': who } })
    expect(await (await as('error')).json()).toEqual({ mine: 'database is down' })
    const revoked = await as('revoked')
    expect([revoked.status, await revoked.json()]).toMatchObject([401, { detail: 'Revoked.' }])
    const masked = await fetch(`${url}/streams/x`, { headers: { 'x-who': 'error' } })
    expect([masked.status, (await masked.text()).includes('database')]).toEqual([500, false])
  })

  test('answers HEAD without starting anything', async () => {
    const said = saying('a')
    await using chat = await createChatApp((app) => {
      app.get('/chat', (_, reply) => reply.tokens(said.source))
    })
    const url = await chat.listen()
    const response = await fetch(`${url}/chat`, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    expect(said.calls).toBe(0)
  })
})
