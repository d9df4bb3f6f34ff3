import type { Source } from '@sluice/core'
import { attach, hybrid, start } from '@sluice/client'
import { until } from '@sluice/testing/patience'
import { expect, onTestFinished, test, vi } from 'vitest'

import { countSockets } from '../rig/counted-sockets.ts'
import { createCuedSource } from '../rig/cued-source.ts'
import { QUICK } from '../rig/quick.ts'
import { startSocketServer } from '../rig/socket-server.ts'
import { startStreamServer, type StreamServer } from '../rig/stream-server.ts'

/** A source that repeats what it is told, until it is told to stop. */
function createEcho(): { source: Source; heard: unknown[]; isAborted: () => boolean } {
  const heard: unknown[] = []
  let aborted = false
  async function* source({ inbox, signal }: Parameters<Extract<Source, (...given: never[]) => unknown>>[0]) {
    signal.addEventListener('abort', () => (aborted = true))
    yield 'ready '
    for await (const message of inbox) {
      heard.push(message)
      if (message === 'stop') return
      yield `${String(message)} `
    }
  }
  return { source: source as Source, heard, isAborted: () => aborted }
}

const posts = ({ asked }: StreamServer): string[] => asked.filter((each) => /\/(cancel|send|ack)$/.test(each))

test('contract 8: what is asked goes by the socket, and the data come over SSE', async () => {
  const echo = createEcho()
  const server = await startSocketServer({ run: () => echo.source })
  const sockets = countSockets(server)
  const transport = hybrid()
  const stream = start(server.streams, {}, { transport, resume: QUICK })
  let text = ''
  const reading = (async () => {
    for await (const event of stream) if (event.type === 'text') text += event.text
  })()
  await until(() => text === 'ready ')
  await stream.send('one')
  await until(() => text === 'ready one ')
  expect(stream.way.name).toBe('hybrid')
  // A stream that was begun with its data over SSE has no name to grant credit to, until it is attached.
  expect(await stream.ack({ credit: 1_000 })).toBe(0)
  const named = attach(stream.bookmark!, { transport, resume: QUICK })
  await until(() => named.status !== 'connecting')
  expect(await named.ack({ credit: 1_000 })).toBe(1)
  expect(await stream.cancel()).toMatchObject({ reason: 'cancelled', cause: 'client' })
  await reading
  await named.ended
  expect([echo.heard, echo.isAborted()]).toEqual([['one'], true])
  expect([posts(server), sockets.opened]).toEqual([[], 1])
  expect(server.asked.some((asked) => asked.startsWith('POST /v1/streams'))).toBe(true)
  // Nobody reads any more.
  await until(() => sockets.open === 0)
})

test('contract 4: a socket that is lost is made again, and never ends the data', async () => {
  const echo = createEcho()
  const server = await startSocketServer({ run: () => echo.source })
  const sockets = countSockets(server)
  const statuses: string[] = []
  const onStatus = (status: string): void => void statuses.push(status)
  const stream = start(server.streams, {}, { transport: hybrid(), resume: QUICK, onStatus })
  const text = stream.text()
  await until(() => stream.status === 'streaming')
  for (let round = 1; round <= 3; round++) {
    // Until the client has heard that its socket is gone, a message that it sends there is told as lost, and is.
    await until(() =>
      stream.send(round).then(
        () => true,
        () => false,
      ),
    )
    expect(sockets.opened).toBe(round)
    sockets.cut()
    await until(() => sockets.open === 0)
  }
  await until(() =>
    stream.send('stop').then(
      () => true,
      () => false,
    ),
  )
  expect(await text).toBe('ready 1 2 3 ')
  expect(statuses).toEqual(['connecting', 'waiting', 'streaming', 'ended'].slice(1))
  expect(posts(server)).toEqual([])
})

test('contract 4: what finds its socket closing goes by the next one, not by a post', async () => {
  const echo = createEcho()
  const server = await startSocketServer({ run: () => echo.source })
  const sockets = countSockets(server)
  // As a socket says of itself for a moment, of which nobody was told yet.
  let isClosing = false
  class Closing extends WebSocket {
    readonly #mayClose = sockets.opened === 0
    override get readyState(): 0 | 1 | 2 | 3 {
      return this.#mayClose && isClosing ? 2 : (super.readyState as 0 | 1 | 2 | 3)
    }
  }
  vi.stubGlobal('WebSocket', Closing)
  onTestFinished(() => void vi.unstubAllGlobals())
  const stream = start(server.streams, {}, { transport: hybrid(), resume: QUICK })
  const text = stream.text()
  await until(() => stream.status === 'streaming' && sockets.open === 1)
  isClosing = true
  const sent = [stream.send('one'), stream.send('stop')]
  await new Promise((resolve) => setImmediate(resolve))
  sockets.cut()
  await Promise.all(sent)
  expect(await text).toBe('ready one ')
  expect([posts(server), sockets.opened]).toEqual([[], 2])
})

test('contract 8: a cancel whose answer is lost with the socket is asked again; a message is not, and says so', async () => {
  const cued = createCuedSource()
  const server = await startSocketServer({ run: () => cued.source })
  const sockets = countSockets(server)
  cued.say('Hello')
  const stream = start(server.streams, {}, { transport: hybrid(), resume: QUICK })
  await until(() => stream.status === 'streaming' && sockets.open === 1)
  // The server answers nothing any more; then the socket is gone.
  const { cancel, send } = server.sluice
  const waiting = Promise.withResolvers<never>()
  onTestFinished(() => waiting.reject(new Error('over')))
  waiting.promise.catch(() => undefined)
  let asked = 0
  server.sluice.cancel = (...how) => (asked++ === 0 ? waiting.promise : cancel.apply(server.sluice, how))
  server.sluice.send = (...how) => (asked++ === 0 ? waiting.promise : send.apply(server.sluice, how))
  const sent = stream.send('x')
  await until(() => asked === 1)
  sockets.cut()
  await expect(sent).rejects.toMatchObject({ code: 'SLUICE_ERR_READING_CLOSED' })
  asked = 0
  const cancelled = stream.cancel()
  await until(() => asked === 1)
  sockets.cut()
  expect(await cancelled).toMatchObject({ reason: 'cancelled' })
  expect(asked).toBe(2)
  expect(await stream.ended).toMatchObject({ reason: 'cancelled' })
  expect(posts(server)).toEqual([])
})

test('contract 14: whoever leaves at once, and comes back, leaves no socket behind', async () => {
  const echo = createEcho()
  const server = await startSocketServer({ run: () => echo.source })
  const sockets = countSockets(server)
  const transport = hybrid()
  // As a page does it whose effects run twice.
  start(server.streams, {}, { transport, resume: QUICK }).detach()
  const stream = start(server.streams, {}, { transport, resume: QUICK })
  await until(() => stream.status === 'streaming' && sockets.open > 0)
  await stream.send('one')
  expect(sockets.opened).toBe(1)
  await stream.cancel()
  await stream.ended
  await until(() => sockets.open === 0)
})

test('where no socket can be had, what is asked goes by HTTP', async () => {
  const echo = createEcho()
  const server = await startStreamServer({ run: () => echo.source })
  let refused = 0
  server.http.on('upgrade', (_request, socket) => {
    refused++
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  const stream = start(server.streams, {}, { transport: hybrid(), resume: QUICK })
  await until(() => stream.status === 'streaming')
  await stream.send('one')
  await stream.send('stop')
  expect(await stream.text()).toBe('ready one ')
  expect(posts(server).length).toBe(2)
  // It is not tried anew for each request.
  expect(refused).toBe(1)
})

test('one socket carries the requests of all streams, each to its own', async () => {
  const echoes = [createEcho(), createEcho(), createEcho()]
  const server = await startSocketServer({ run: ({ which }) => echoes[Number(which)]!.source })
  const sockets = countSockets(server)
  const transport = hybrid()
  const streams = echoes.map((_, which) => start(server.streams, { which }, { transport, resume: QUICK }))
  for (const stream of streams) await until(() => stream.status === 'streaming')
  await Promise.all(streams.map((stream, which) => stream.send(`for ${which}`)))
  await Promise.all(streams.map((stream) => stream.send('stop')))
  expect(await Promise.all(streams.map((stream) => stream.text()))).toEqual(
    echoes.map((_, which) => `ready for ${which} `),
  )
  expect(echoes.map(({ heard }) => heard)).toEqual(echoes.map((_, which) => [`for ${which}`, 'stop']))
  expect(sockets.opened).toBe(1)
})
