import type { AddressInfo } from 'node:net'

import type { Sluice } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import createFastify from 'fastify'
import { expect, test } from 'vitest'

import { type Client, connect, identify, type Message, open, startRig, summary } from '../rig/rig.ts'

const TOKENS = Array.from({ length: 400 }, (_, index) => `${index}·👩🏽‍🚀 `)

/** Two tokens a turn of the timer: a reader has time to leave. */
async function* slowly(): AsyncGenerator<string> {
  for (const [index, token] of TOKENS.entries()) {
    if (index % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    yield token
  }
}

/** What a reader has after one of its readings. */
interface Part {
  text: string
  cursor: string
  ended: boolean
}

/** Reads over gRPC until there are `enough` messages, and leaves without a word. */
function readGrpc(client: Client, method: string, request: object, enough: number): Promise<Part> {
  const messages: Message[] = []
  const call = open(client, method, request)
  return new Promise((resolve, reject) => {
    const done = (ended: boolean): void => {
      const { text, cursor } = summary(messages)
      resolve({ text, cursor, ended })
    }
    call.on('data', (message: Message) => {
      messages.push(message)
      if (messages.length === enough) {
        call.cancel()
        done(false)
      }
    })
    call.on('error', () => {})
    call.on('status', (status) => {
      if (status.code === 0) done(true)
      // Where it was left, this changes nothing any more.
      else reject(new Error(`${method} ended with ${status.code}: ${status.details}`))
    })
  })
}

/** Reads over SSE until `enough` pieces of the body are there, and leaves. */
async function readSse(url: string, cursor: string, enough: number): Promise<Part> {
  const leave = new AbortController()
  const response = await fetch(url, { headers: { 'last-event-id': cursor }, signal: leave.signal })
  const part: Part = { text: '', cursor, ended: response.status === 204 }
  let body = ''
  let pieces = 0
  // Nothing is left: 204.
  if (!response.body) return part
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    body += piece
    if (++pieces >= enough) break
  }
  leave.abort()
  for (const block of body.split('\n\n').slice(0, -1)) {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
    part.cursor = field('id') ?? part.cursor
    if (field('event') === 'text') part.text += (JSON.parse(field('data')!) as { text: string }).text
    if (field('event') === 'end') part.ended = true
  }
  return part
}

async function startSse(sluice: Sluice): Promise<{ url: string } & AsyncDisposable> {
  const app = createFastify({ forceCloseConnections: true })
  await app.register(sluicePlugin, {
    sluice,
    identify: ({ headers }) =>
      identify(new Headers(headers.authorization ? { authorization: headers.authorization } : {})),
    drainMs: 0,
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/streams/`,
    [Symbol.asyncDispose]: () => app.close(),
  }
}

test('contract 1: started over gRPC, resumed over SSE and gRPC in turns, a stream is byte for byte the same', async () => {
  await using rig = await startRig(slowly)
  await using sse = await startSse(rig.sluice)
  using client = connect(rig)
  let part = await readGrpc(client, 'Start', { onDisconnect: { policy: 'POLICY_CONTINUE' } }, 4)
  let text = part.text
  let turns = 1
  for (; !part.ended && turns < 200; turns++) {
    const { cursor } = part
    part =
      turns % 2 === 1
        ? await readSse(sse.url + cursor.split('.')[0], cursor, 3)
        : await readGrpc(client, 'Attach', { ref: { cursor } }, 3)
    text += part.text
  }
  expect(text).toBe(TOKENS.join(''))
  expect(turns).toBeGreaterThan(5)
})

test('contract 1: connections that are cut again and again lose and repeat nothing', async () => {
  await using rig = await startRig(slowly)
  const sockets = new Set<{ destroy(): void }>()
  const { createConnection } = await import('node:net')
  const { createServer: createTcp } = await import('node:net')
  const proxy = createTcp((socket) => {
    const upstream = createConnection(Number(rig.address.split(':')[1]), '127.0.0.1')
    socket.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => socket.destroy()).pipe(socket)
    sockets.add({ destroy: () => (socket.destroy(), upstream.destroy()) })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
  let text = ''
  let cursor = ''
  let cuts = 0
  for (let code = -1; code !== 0 && cuts < 100;) {
    using client = connect({ address })
    const call = cursor === '' ? open(client, 'Start', {}) : open(client, 'Attach', { ref: { cursor } })
    let messages = 0
    call.on('data', (message: Message) => {
      const { text: more, cursor: next } = summary([message])
      text += more
      cursor = next || cursor
      if (++messages < 6) return
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    })
    call.on('error', () => {})
    const status = await new Promise<{ code: number }>((resolve) => call.on('status', resolve))
    code = status.code
    if (code !== 0) cuts++
  }
  expect(text).toBe(TOKENS.join(''))
  expect(cuts).toBeGreaterThan(2)
  proxy.close()
})
