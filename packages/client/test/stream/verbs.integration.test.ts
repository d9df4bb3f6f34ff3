import { attach, ClientError, start } from '@sluice/client'
import { isSettled, until, untilStill } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { createCuedSource } from '../rig/cued-source.ts'
import { QUICK } from '../rig/quick.ts'
import { startStreamServer } from '../rig/stream-server.ts'

describe('contract 8: a cancel', () => {
  test('ends the stream for everyone, before its first token too, and may be repeated', async () => {
    const cued = createCuedSource()
    const server = await startStreamServer({ run: () => cued.source })
    const stream = start(server.streams, {}, { resume: QUICK })
    const end = await stream.cancel()
    expect(end).toMatchObject({ type: 'end', reason: 'cancelled', complete: false, cause: 'client' })
    expect(await stream.ended).toEqual(end)
    expect(await stream.cancel()).toEqual(end)
    await until(() => cued.aborted)
    await expect(stream.text()).rejects.toMatchObject({ code: 'SLUICE_ERR_INTERRUPTED' })
  })

  test('is tried again until the server answers', async () => {
    const cued = createCuedSource()
    const server = await startStreamServer({ run: () => cued.source })
    const stream = start(server.streams, {}, { resume: QUICK })
    let failures = 0
    server.intercept = (request, response) => {
      if (!request.url?.endsWith('/cancel') || ++failures > 3) return false
      return failures % 2 ? Boolean(request.socket.destroy()) : Boolean(response.writeHead(503).end())
    }
    expect(await stream.cancel()).toMatchObject({ reason: 'cancelled' })
    expect(failures).toBe(4)
  })

  test('of a finished stream gives the end there is', async () => {
    const server = await startStreamServer({ run: () => () => ['done'] })
    const stream = start(server.streams, {})
    await stream.text()
    expect(await attach(stream.bookmark!).cancel()).toEqual(stream.end)
  })

  test('of a stream that cannot be reached rejects', async () => {
    const stream = attach(
      { id: 'some' },
      { streams: 'http://127.0.0.1:1/v1/streams', resume: { ...QUICK, maxAttempts: 2 } },
    )
    await expect(stream.cancel()).rejects.toBeInstanceOf(ClientError)
  })
})

describe('contract 9: leaving is not cancelling', () => {
  test.each(['break', 'detach', 'signal'] as const)(
    'by %s: the stream goes on, and can be read from the bookmark',
    async (how) => {
      const cued = createCuedSource()
      const server = await startStreamServer({ run: () => cued.source })
      const controller = new AbortController()
      const stream = start(server.streams, {}, { resume: QUICK, signal: controller.signal })
      cued.say('Hello')
      let text = ''
      for await (const event of stream) {
        if (event.type === 'text') text += event.text
        if (how === 'break') break
        if (how === 'detach') stream.detach()
        if (how === 'signal') controller.abort()
      }
      expect([stream.status, stream.end, stream.error]).toEqual(['ended', undefined, undefined])
      await expect(stream.ended).rejects.toThrow('Its reader left')
      cued.say(' world')
      cued.finish()
      const bookmark = JSON.parse(JSON.stringify(stream.bookmark)) as { url: string; cursor: string }
      expect(text + (await attach(bookmark).text())).toBe('Hello world')
    },
  )

  test('a signal that has aborted already reads nothing', async () => {
    const server = await startStreamServer({ run: () => () => ['x'] })
    const stream = attach({ id: 'some' }, { streams: server.streams, signal: AbortSignal.abort() })
    expect(await stream[Symbol.asyncIterator]().next()).toMatchObject({ done: true })
  })
})

describe('contract 7: a reader that takes nothing', () => {
  test('holds the source back', async () => {
    let pulled = 0
    async function* source(): AsyncGenerator<string> {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve))
        pulled += 10_000
        yield 'x'.repeat(10_000)
      }
    }
    const server = await startStreamServer({ run: () => source, sluice: { reader: { stallMs: 600_000 } } })
    const stream = start(server.streams, {}, { buffer: { items: 10, bytes: 100_000 } })
    // What the sockets of both sides hold is the kernel's, and is bounded too.
    expect(await untilStill(() => pulled, { above: 100_000 })).toBeLessThan(20_000_000)
    const events = stream[Symbol.asyncIterator]()
    const still = pulled
    for (let index = 0; index < 200 && pulled === still; index++) await events.next()
    await until(() => pulled > still)
    await stream.cancel()
    stream.detach()
  })

  test('says how much it wants, and is given no more', async () => {
    const cued = createCuedSource()
    const server = await startStreamServer({ run: () => cued.source })
    const first = start(server.streams, {})
    await until(() => first.bookmark)
    const stream = attach(first.bookmark!)
    await until(() => stream.status === 'waiting')
    expect(await stream.ack({ credit: 3 })).toBe(1)
    cued.say('1', '2', '3', '4', '5')
    cued.finish()
    const events = stream[Symbol.asyncIterator]()
    let text = ''
    while (text.length < 3) text += ((await events.next()).value as { text: string }).text
    expect(text).toBe('123')
    const more = events.next()
    expect(await isSettled(more)).toBe(false)
    await stream.ack({ credit: 100 })
    expect(await more).toMatchObject({ value: { text: '45' } })
  })
})

test('contract 1: a reading that is made anew goes on where it was, under a name', async () => {
  const cued = createCuedSource()
  const server = await startStreamServer({ run: () => cued.source })
  cued.say('a')
  const stream = start(server.streams, {}, { resume: QUICK })
  const text = stream.text()
  await until(() => stream.status === 'streaming')
  expect(await stream.ack({ credit: 9 })).toBe(0)
  stream.reattach()
  await until(async () => (await stream.ack({ credit: 9 })) === 1)
  cued.say('b')
  cued.finish()
  expect(await text).toBe('ab')
})

test('contract 4: a stream of which nobody says where it is can be read, and a cancel of it fails at once', async () => {
  const server = await startStreamServer({ run: () => () => ['Hello'] })
  const hiding = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { body, status, headers } = await fetch(url, init)
    const rest = new Headers(headers)
    rest.delete('content-location')
    return new Response(body, { status, headers: rest })
  }
  const stream = start(server.streams, {}, { fetch: hiding })
  await expect(stream.cancel()).rejects.toThrow('no Content-Location')
  expect(await stream.text()).toBe('Hello')
  expect(stream.bookmark).toBeUndefined()
})

test('contract 2: text whose beginning is not kept any more is never given for the whole', async () => {
  const server = await startStreamServer({
    run: () => () => Array.from({ length: 100 }, () => 'x'.repeat(1_000)),
    sluice: { stream: { retentionBytes: 20_000, windowBytes: 2_000, maxEventBytes: 2_000 } },
  })
  const first = start(server.streams, {})
  expect(await first.text()).toHaveLength(100_000)
  const late = attach({ url: first.bookmark!.url })
  await expect(late.text()).rejects.toThrow('a part is not kept')
  expect([late.headless, first.headless]).toEqual([true, false])
})

test('a message reaches the running source', async () => {
  const server = await startStreamServer({
    run: () =>
      async function* ({ inbox }) {
        for await (const message of inbox) return yield `heard ${JSON.stringify(message)}`
      },
  })
  const stream = start(server.streams, {})
  await stream.send({ stop: 'soon' })
  expect(await stream.text()).toBe('heard {"stop":"soon"}')
})

test('a stream is found by its id, by a cursor of it, and by its key while it runs', async () => {
  const cued = createCuedSource()
  const server = await startStreamServer({ run: () => cued.source })
  const { streams } = server
  const first = start(streams, { sluice: { key: 'chat 1' } }, { wishes: { maxTokens: 1 } })
  cued.say('a', 'b')
  const events = first[Symbol.asyncIterator]()
  expect(await events.next()).toMatchObject({ value: { text: 'a' } })
  const refs = [{ id: first.id! }, { cursor: first.cursor! }, { key: 'chat 1' }]
  const found = refs.map((ref) => attach(ref, { streams }))
  await until(() => found.every(({ bookmark, status }) => bookmark && status !== 'connecting'))
  cued.finish()
  expect(await Promise.all(found.map((stream) => stream.text()))).toEqual(['ab', 'b', 'ab'])
  expect(found.map(({ id }) => id)).toEqual([first.id, first.id, first.id])
  await expect(attach({ key: 'chat 1' }, { streams }).text()).rejects.toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND' })
})

describe('credentials', () => {
  test('are asked for before the first request, and anew where they are refused', async () => {
    const cued = createCuedSource()
    let good = 'first'
    const server = await startStreamServer({
      run: () => cued.source,
      resource: {
        identify: ({ headers }) => (headers.authorization === `Bearer ${good}` ? { owner: 'ada' } : undefined),
      },
    })
    const given: string[] = []
    const authorize = async (): Promise<{ authorization: string }> => {
      given.push(good)
      return { authorization: `Bearer ${good}` }
    }
    const stream = start(server.streams, {}, { authorize, resume: QUICK })
    await until(() => stream.status === 'waiting')
    good = 'second'
    expect(await stream.cancel()).toMatchObject({ reason: 'cancelled' })
    good = 'third'
    expect(await attach(stream.bookmark!, { authorize }).ended).toMatchObject({ reason: 'cancelled' })
    expect(given).toEqual(['first', 'second', 'third'])
    await expect(attach(stream.bookmark!).text()).rejects.toMatchObject({
      code: 'SLUICE_ERR_UNAUTHORIZED',
      status: 401,
    })
  })

  test('that nobody gives end the reading, with a reason', async () => {
    const authorize = (): never => {
      throw new Error('no session')
    }
    const stream = attach({ id: 'some' }, { streams: 'http://127.0.0.1:1/v1/streams', authorize })
    await expect(stream.text()).rejects.toMatchObject({
      code: 'SLUICE_ERR_UNAUTHORIZED',
      cause: { message: 'no session' },
    })
  })
})

test('a listener that throws changes no stream', async () => {
  const server = await startStreamServer({ run: () => () => ['x'] })
  const onStatus = (): never => {
    throw new Error('of the application')
  }
  expect(await start(server.streams, {}, { onStatus }).text()).toBe('x')
})

test('what cannot be sent is told at once', () => {
  expect(() => start('/relative')).toThrow('The option "url" is "/relative"')
  expect(() => start('http://localhost', {}, { method: 'GET' })).toThrow(TypeError)
  expect(() => attach({} as { id: string })).toThrow('The option "ref"')
  expect(() => attach({ id: 'x' }, { streams: 'http://localhost', after: 'then' as 'now' })).toThrow('"after"')
})
