import { attach, fallback, longPoll, sse, start, type Way, type WayStorage, webSocket } from '@sluice/client'
import { until } from '@sluice/testing/patience'
import { describe, expect, onTestFinished, test } from 'vitest'

import { QUICK } from '../rig/quick.ts'
import { startSocketServer } from '../rig/socket-server.ts'
import type { StreamServer } from '../rig/stream-server.ts'

const TEXT = 'You said: Hello'
const started = (): Promise<StreamServer> => startSocketServer({ run: () => () => ['You said: ', 'Hello'] })

/** Something before the server keeps every event stream back, until the test is over. */
function buffers(server: StreamServer): () => number {
  let kept = 0
  server.intercept = ({ headers }, response) => {
    if (headers.accept !== 'text/event-stream') return false
    kept++
    onTestFinished(() => void response.destroy())
    return true
  }
  return () => kept
}

/** What a page has, and what is in it. */
function createStorage(): WayStorage & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
}

/** Reads a stream to its end; gives each status with the way it was read then. */
async function readBy(url: string, transport: ReturnType<typeof fallback>): Promise<string[]> {
  const told: string[] = []
  const onStatus = (status: string, way: Way): void =>
    void told.push(`${status} ${way.name}${way.buffered ? ' (buffered)' : ''}`)
  const stream = attach({ url }, { transport, resume: QUICK, onStatus })
  expect(await stream.text()).toBe(TEXT)
  expect(told.at(-1)).toContain(stream.way.name)
  return told
}

describe('contract 4: where one way does not work the next one is taken', () => {
  test('after two answers that were kept back, which is remembered for the origin', async () => {
    const server = await started()
    const first = start(server.streams, {})
    expect(await first.text()).toBe(TEXT)
    const kept = buffers(server)
    const taken: string[] = []
    const onTransport = (name: string, why: string): void => void taken.push(`${name}: ${why}`)
    const transport = fallback({ transports: [sse, longPoll], lateMs: 30, onTransport })
    const { url } = first.bookmark!
    expect(await attach({ url }, { transport, resume: QUICK }).text()).toBe(TEXT)
    expect([kept(), taken]).toEqual([2, ['long-poll: buffered']])
    expect(await attach({ url }, { transport, resume: QUICK }).text()).toBe(TEXT)
    expect(kept()).toBe(2)
  })

  test('for a stream that is started, too', async () => {
    const server = await started()
    const kept = buffers(server)
    const transport = fallback({ lateMs: 30 })
    expect(await start(server.streams, {}, { transport, resume: QUICK }).text()).toBe(TEXT)
    expect(kept()).toBe(2)
  })

  test('what was found is forgotten after a while', async () => {
    const server = await started()
    const first = start(server.streams, {})
    await first.text()
    const kept = buffers(server)
    const transport = fallback({ transports: [sse, longPoll], lateMs: 30, rememberMs: 300 })
    const { url } = first.bookmark!
    await attach({ url }, { transport, resume: QUICK }).text()
    await until(async () => {
      expect(await attach({ url }, { transport, resume: QUICK }).text()).toBe(TEXT)
      return kept() >= 4
    })
  })

  test('after two connections that failed', async () => {
    const server = await started()
    server.intercept = ({ headers }, response) => {
      if (headers.accept !== 'text/event-stream') return false
      return Boolean(response.writeHead(502).end())
    }
    const taken: string[] = []
    const transport = fallback({
      transports: [sse, webSocket()],
      onTransport: (name, why) => taken.push(`${name}: ${why}`),
    })
    expect(await start(server.streams, {}, { transport, resume: QUICK }).text()).toBe(TEXT)
    expect(taken).toEqual(['websocket: failed'])
  })

  test('and none where the first one works, or the server is merely silent', async () => {
    const server = await startSocketServer({
      run: () =>
        async function* () {
          await new Promise((resolve) => setTimeout(resolve, 100))
          yield TEXT
        },
    })
    const taken: string[] = []
    const transport = fallback({ lateMs: 3_000, onTransport: (name) => taken.push(name) })
    expect(await start(server.streams, {}, { transport }).text()).toBe(TEXT)
    expect(taken).toEqual([])
  })
})

test.each([[[]], ['sse'], [[{}]], [[undefined]]])('%j is no list of ways', (transports) => {
  expect(() => fallback({ transports: transports as never })).toThrow('The option "fallback.transports"')
})

test('contract 13: what is thrown by who is told of the way changes no stream', async () => {
  const server = await started()
  server.intercept = ({ headers }, response) => {
    if (headers.accept !== 'text/event-stream') return false
    return Boolean(response.writeHead(502).end())
  }
  const onTransport = (): never => {
    throw new Error('of the page')
  }
  const transport = fallback({ transports: [sse, longPoll], onTransport })
  expect(await start(server.streams, {}, { transport, resume: QUICK }).text()).toBe(TEXT)
})

describe('which way works is told with the status, and remembered', () => {
  const poll = (storage?: WayStorage, rememberMs?: number) =>
    fallback({ transports: [sse, longPoll], lateMs: 30, storage, rememberMs })

  test('it is the first one, until something keeps answers back: then the next one, and that something does', async () => {
    const server = await started()
    const first = start(server.streams, {})
    await first.text()
    expect([first.way.name, first.way.buffered]).toEqual(['sse', undefined])
    const { url } = first.bookmark!
    expect(new Set(await readBy(url, poll()))).toEqual(
      new Set(['connecting sse', 'waiting sse', 'streaming sse', 'ended sse']),
    )
    buffers(server)
    const told = await readBy(url, poll())
    expect(told[0]).toBe('connecting sse')
    expect(told).toContain('connecting long-poll (buffered)')
    expect(told.at(-1)).toBe('ended long-poll (buffered)')
  })

  test('a page that is loaded again takes it at once, by its name, until the time is over', async () => {
    const server = await started()
    const first = start(server.streams, {})
    await first.text()
    const kept = buffers(server)
    const { url } = first.bookmark!
    const storage = createStorage()
    await readBy(url, poll(storage))
    expect(kept()).toBe(2)
    expect((await readBy(url, poll(storage)))[0]).toBe('connecting long-poll (buffered)')
    const withMore = fallback({ transports: [sse, webSocket(), longPoll], storage })
    expect((await readBy(url, withMore))[0]).toBe('connecting long-poll (buffered)')
    expect(kept()).toBe(2)
    const [[key, value]] = [...storage.kept] as [[string, string]]
    expect(key).toBe(`sluice:way:${new URL(url).origin}`)
    storage.kept.set(key, JSON.stringify({ ...(JSON.parse(value) as object), untilMs: Date.now() - 1 }))
    expect((await readBy(url, poll(storage)))[0]).toBe('connecting sse')
    expect(kept()).toBe(4)
  })

  test.each<[string, Partial<WayStorage>]>([
    ['has nonsense', { getItem: () => '{"transport":7' }],
    ['has a way that is not known here', { getItem: () => '{"transport":"pigeon","untilMs":9e15}' }],
    [
      'refuses everything',
      {
        getItem() {
          throw new Error('SecurityError')
        },
        setItem() {
          throw new Error('QuotaExceededError')
        },
      },
    ],
  ])('a storage that %s is as good as none', async (_, differs) => {
    const server = await started()
    const first = start(server.streams, {})
    await first.text()
    const kept = buffers(server)
    const transport = poll({ ...createStorage(), ...differs })
    const { url } = first.bookmark!
    expect((await readBy(url, transport))[0]).toBe('connecting sse')
    expect((await readBy(url, transport))[0]).toBe('connecting long-poll (buffered)')
    expect(kept()).toBe(2)
  })

  test('failures that are not in a row say nothing', async () => {
    const server = await started()
    const first = start(server.streams, {})
    await first.text()
    const transport = poll()
    for (let index = 0; index < 4; index++) {
      let failed = false
      server.intercept = (_, response) => {
        if (failed) return false
        return (failed = Boolean(response.writeHead(502).end()))
      }
      expect((await readBy(first.bookmark!.url, transport)).at(-1)).toBe('ended sse')
      expect(failed).toBe(true)
    }
  })
})
