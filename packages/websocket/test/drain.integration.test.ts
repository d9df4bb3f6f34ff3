import type { SourceContext } from '@sluice/core'
import { afterEach, expect, test } from 'vitest'

import { refusedWith, SocketClient, type SocketRig, startRig } from './rig/socket-rig.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

async function* onCue({ inbox }: SourceContext): AsyncGenerator<string> {
  yield 'before '
  for await (const message of inbox) {
    yield String(message)
    return
  }
}

test('design 6: a drain tells each reading its cursor, closes with 1012, and leaves the producer to readers who come back', async () => {
  rig = await startRig({ run: () => onCue })
  const client = await SocketClient.open(rig.url)
  for (const ref of ['a', 'b']) client.say({ type: 'start', ref, body: {} })
  for (const ref of ['a', 'b']) await client.hear('text', (message) => message.ref === ref)
  const drained = rig.handler.drain({ handOver: true })
  const { streams } = await client.hear('goaway')
  expect(streams).toEqual(
    ['a', 'b'].map((ref) => {
      const { stream, cursor } = client.of(ref).at(-1) as { stream: string; cursor: string }
      return { stream, ref, cursor }
    }),
  )
  expect(client.heard.at(-1)?.type).toBe('goaway')
  expect(await client.closed).toMatchObject({ code: 1012 })
  await drained
  expect(await refusedWith(rig.url, ['sluice.v1'])).toBe(503)
  const { stream, cursor } = streams[0]!
  const response = await fetch(`${rig.http}/streams/${stream}`, { headers: { 'last-event-id': cursor } })
  await rig.sluice.send({ id: stream }, 'after', { as: 'server' })
  const body = await response.text()
  expect(body).toContain('data: {"text":"after"}')
  expect(body).not.toContain('before')
})

test('design 6: where streams live here alone, they are served to their end first, and none is begun', async () => {
  rig = await startRig({ run: () => onCue })
  const client = await SocketClient.open(rig.url)
  client.say({ type: 'start', ref: 'a', body: {} })
  const { stream } = await client.hear('text')
  const idle = await SocketClient.open(rig.url)
  const drained = rig.handler.drain()
  expect(await client.hear('goaway')).toMatchObject({ streams: [{ stream, ref: 'a' }] })
  expect(await idle.hear('goaway')).toEqual({ type: 'goaway', streams: [] })
  expect(await idle.closed).toMatchObject({ code: 1012 })
  client.say({ type: 'start', ref: 'b', body: {} })
  expect(await client.hear('refused')).toMatchObject({ ref: 'b', code: 'SLUICE_ERR_DRAINING', retryAfterMs: 1_000 })
  client.say({ type: 'send', ref: 'a', message: 'after' })
  await client.hear('end')
  expect(client.text('a')).toBe('before after')
  expect(await client.closed).toMatchObject({ code: 1012 })
  await drained
})

test('contract 4: a drain ends at its deadline, whatever streams do', async () => {
  rig = await startRig({ run: () => onCue })
  const client = await SocketClient.open(rig.url)
  client.say({ type: 'start', ref: 'a', body: {} })
  await client.hear('text')
  await rig.handler.drain({ withinMs: 100 })
  expect(await client.closed).toMatchObject({ code: 1012 })
})

test('contract 4: a close ends at its grace when a peer does not answer it', async () => {
  rig = await startRig({ run: () => onCue }, { reader: { closeGraceMs: 150 } })
  const client = await SocketClient.open(rig.url)
  const other = await SocketClient.open(rig.url)
  const socket = (client.ws as unknown as { _socket: { pause(): void; resume(): void } })._socket
  socket.pause()
  const startedMs = performance.now()
  await rig.handler.close()
  expect(performance.now() - startedMs).toBeGreaterThan(100)
  expect(await other.closed).toMatchObject({ code: 1001 })
  socket.resume()
  await client.closed
})
