import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'

import { createAdaptorServer, type ServerType } from '@hono/node-server'
import { createSluice, type Sluice } from '@sluice/core'
import { sluiceRouter, tokens } from '@sluice/hono'
import { until } from '@sluice/testing/patience'
import { Hono } from 'hono'
import { timeout } from 'hono/timeout'
import { describe, expect, onTestFinished, test } from 'vitest'

const PATIENCE_MS = 200

/** A source that says a word, and the last one when it is told to. */
function onCue() {
  const cue = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  async function* speak(signal: AbortSignal): AsyncGenerator<string> {
    signal.addEventListener('abort', () => aborted.resolve())
    yield 'first'
    await cue.promise
    yield ' last'
  }
  return { go: cue.resolve, aborted: aborted.promise, source: ({ signal }: { signal: AbortSignal }) => speak(signal) }
}

function textIn(body: string): string {
  return [...body.matchAll(/^event: text\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data!).text as string).join('')
}

async function listen(app: Hono, more: Partial<Parameters<typeof createAdaptorServer>[0]> = {}): Promise<string> {
  const server: ServerType = createAdaptorServer({ fetch: app.fetch, ...more } as { fetch: typeof app.fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    ;(server as Partial<Server>).closeAllConnections?.()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function createApp(sluice: Sluice = createSluice()): Hono {
  const app = new Hono()
  app.use(sluiceRouter({ sluice, identify: () => ({ owner: 'ada' }) }))
  return app
}

describe('timeout of Hono', () => {
  test('does not cut a stream that runs for longer', async () => {
    const said = onCue()
    const app = new Hono().use(timeout(PATIENCE_MS)).route('/', createApp())
    app.get('/chat', (context) => tokens(context, said.source))
    app.get('/slow', () => new Promise<Response>(() => {}))
    const url = await listen(app)
    const answer = await fetch(`${url}/chat`)
    // Its time began later, and is over.
    expect((await fetch(`${url}/slow`)).status).toBe(504)
    said.go()
    expect(textIn(await answer.text())).toBe('first last')
  })

  test('answers for a source that does not open in time, and the source is told to stop', async () => {
    const aborted = Promise.withResolvers<void>()
    const sluice = createSluice()
    const app = new Hono().use(timeout(PATIENCE_MS)).route('/', createApp(sluice))
    app.get('/chat', (context) =>
      tokens(
        context,
        ({ signal }) =>
          new Promise((open) => {
            signal.addEventListener('abort', () => {
              aborted.resolve()
              open([])
            })
          }),
        { onDisconnect: 'cancel', openAfterMs: 60_000 },
      ),
    )
    expect((await fetch(`${await listen(app)}/chat`)).status).toBe(504)
    await aborted.promise
    await until(() => sluice.stats().producing === 0, 'nothing is left of it')
  })
})

test('where nothing says that an answer is over, a source that opens after timeout is left at once', async () => {
  const sluice = createSluice()
  const app = new Hono().use(timeout(PATIENCE_MS)).route('/', createApp(sluice))
  const opening = Promise.withResolvers<string[]>()
  const answered = Promise.withResolvers<Response>()
  app.get('/chat', (context) => {
    const answer = tokens(context, () => opening.promise, { onDisconnect: 'cancel', openAfterMs: 60_000 })
    void answer.then(answered.resolve, answered.reject)
    return answer
  })
  expect((await app.request('/chat')).status).toBe(504)
  opening.resolve(['late '.repeat(100_000)])
  const late = await answered.promise
  await until(() => sluice.stats().delivering === 0 && sluice.stats().producing === 0, 'nothing is left of it')
  expect(late.bodyUsed).toBe(true)
})

describe('HTTP/2', () => {
  /** A request on a session of its own. */
  async function ask(origin: string, headers: Record<string, string>, body?: string) {
    const session = connect(origin)
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':method': body === undefined ? 'GET' : 'POST', ...headers })
    stream.end(body)
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
    let text = ''
    stream.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    return { head, stream, whole: once(stream, 'close').then(() => text) }
  }

  async function serve(said: ReturnType<typeof onCue>): Promise<string> {
    const app = createApp(createSluice({ stream: { onDisconnect: 'cancel' } }))
    app.post('/chat', async (context) => {
      await context.req.json()
      context.header('x-a', '1')
      return tokens(context, said.source)
    })
    return listen(app, { createServer: createHttp2Server } as object)
  }

  const POSTED = { ':path': '/chat', 'content-type': 'application/json' }

  test('serves streams, resumes and cancels them, and tells who is unknown', async () => {
    const said = onCue()
    const origin = await serve(said)
    const posted = await ask(origin, POSTED, '{}')
    expect(posted.head).toMatchObject({
      ':status': 200,
      'x-a': '1',
      'content-type': 'text/event-stream; charset=utf-8',
    })
    const location = String(posted.head['content-location'])
    const reading = await ask(origin, { ':path': location, accept: 'text/event-stream' })
    const cancelled = await ask(origin, { ':path': `${location}/cancel` }, '')
    expect(JSON.parse(await cancelled.whole)).toMatchObject({ end: { reason: 'cancelled', cause: 'client' } })
    await said.aborted
    for (const { whole } of [posted, reading]) expect(textIn(await whole)).toBe('first')
    const unknown = await ask(origin, { ':path': '/streams/unknown' })
    expect(unknown.head[':status']).toBe(404)
  })

  test('a stream that the client resets is left, after its body was read', async () => {
    const said = onCue()
    const { stream } = await ask(await serve(said), POSTED, '{}')
    stream.close(8)
    await said.aborted
  })
})
