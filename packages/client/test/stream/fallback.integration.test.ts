import { attach, fallback, longPoll, sse, start, webSocket } from '@sluice/client'
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
