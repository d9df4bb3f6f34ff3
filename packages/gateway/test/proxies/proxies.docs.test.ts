import { once } from 'node:events'

import { ownTimeMs } from '@sluice/testing/patience'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { serveSource } from '../rig/in-process.ts'
import { attachNative, readUntil, startNative, textOf } from '../rig/native-client.ts'
import { openRaw } from '../rig/raw-client.ts'
import { chunk, DONE, MESSAGES, type Stage, startStage } from '../rig/stage.ts'
import { type DocumentedProxy, type ProxyName, startDocumentedProxy } from './documented-proxy.ts'
import { serveSockets } from './serve-sockets.ts'

const TOKENS = Array.from({ length: 8 }, (_, index) => `⟨${index}⟩ `)
/** What the document's minute is here, and a silence that outlasts it: beats come at their pace or later. */
const PATIENCE = '2s'
const BEAT_MS = 300
const SILENCE_BEATS = 5_000 / BEAT_MS

let stage: Stage
beforeAll(async () => {
  stage = await startStage(['--on-disconnect', 'cancel'])
})
afterAll(() => stage[Symbol.asyncDispose]())

/** A backend that says each token only when the one before has been read at the far end. */
function tokenByToken() {
  const read = TOKENS.map(() => Promise.withResolvers<void>())
  const { model, first } = stage.behave(async (exchange) => {
    exchange.stream()
    for (const [index, content] of TOKENS.entries()) {
      await exchange.send(chunk({ content }))
      await read[index]!.promise
    }
    await exchange.send(chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
  return { model, first, readToken: (index: number) => read[index]!.resolve() }
}

/** Held back, a token would come with the next one, or when a timer of the proxy runs out: HAProxy's after 200 ms. */
const HELD_BACK_MS = 100

describe.each<ProxyName>(['nginx', 'caddy', 'haproxy'])('behind %s, set up as the document says', (name) => {
  let proxy: DocumentedProxy
  beforeAll(async () => {
    proxy = await startDocumentedProxy(name, stage.gateway.port)
  })
  afterAll(() => proxy[Symbol.asyncDispose]())

  test.each(['identity', 'gzip'])('tokens arrive one by one, to a client that takes %s', async (encoding) => {
    const { model, readToken } = tokenByToken()
    await using reading = await startNative(`${proxy.url}/v1`, { model }, { 'accept-encoding': encoding })
    const delays: number[] = []
    let saidMs = ownTimeMs()
    for (const [index, token] of TOKENS.entries()) {
      expect(textOf(await readUntil(reading, 'text'))).toBe(token)
      delays.push(ownTimeMs() - saidMs)
      saidMs = ownTimeMs()
      readToken(index)
    }
    await readUntil(reading, 'end')
    // The default policy keeps a token for 50 ms where it is not one of the first.
    expect(Math.min(...delays.slice(1))).toBeLessThan(HELD_BACK_MS)
  })

  test('a body of several MiB passes', async () => {
    const { model, first } = stage.behave(async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'read' }), chunk({}, { finish: 'stop' }), DONE)
      exchange.response.end()
    })
    const messages = [{ role: 'user', content: 'x'.repeat(3 * 1024 * 1024) }]
    await using reading = await startNative(`${proxy.url}/v1`, { model, messages })
    expect(textOf(await readUntil(reading, 'end'))).toBe('read')
    expect((await first).body.messages).toEqual(messages)
  })

  test('what is for operators alone is not there', async () => {
    const answers = ['/metrics', '/healthz', '/readyz'].map(async (path) => (await fetch(`${proxy.url}${path}`)).status)
    expect(await Promise.all(answers)).toEqual([404, 404, 404])
    expect((await fetch(`${proxy.url}/v1/streams?key=none`)).status).toBe(204)
  })

  test('a client that leaves takes the backend with it', async () => {
    const { model, first } = tokenByToken()
    const reading = await startNative(`${proxy.url}/v1`, { model })
    await readUntil(reading, 'text')
    await reading[Symbol.asyncDispose]()
    await (
      await first
    ).closed
  })

  test.each(['fin', 'rst'] as const)(
    'a client that leaves before the head (%s) takes the backend with it',
    async (how) => {
      const { model, first } = stage.behave(() => {})
      const body = JSON.stringify({ model, messages: MESSAGES, stream: true })
      using client = await openRaw(proxy.url, { path: '/v1/chat/completions', body })
      const exchange = await first
      client.leave(how)
      await exchange.closed
    },
  )

  test('a client that was dropped resumes where it was', async () => {
    await using server = await serveSource(async function* () {
      yield 'first'
      await new Promise((resolve) => server.sluice.after(200, () => resolve(undefined)))
      yield ' last'
    })
    await using before = await startDocumentedProxy(name, Number(new URL(server.url).port))
    const reading = await startNative(`${before.url}/v1`, {})
    const cursor = (await readUntil(reading, 'text')).at(-1)!.id!
    await reading[Symbol.asyncDispose]()
    const again = `${before.url}/v1/streams/${reading.id}`
    await using resumed = await attachNative(again, { 'last-event-id': cursor })
    expect(textOf(await readUntil(resumed, 'end'))).toBe(' last')
  })

  test('heartbeats carry a silent stream over the time-outs', async () => {
    const speak = Promise.withResolvers<void>()
    await using server = await serveSource(
      async function* () {
        yield 'first'
        await speak.promise
        yield ' last'
      },
      { reader: { heartbeatMs: BEAT_MS } },
    )
    await using impatient = await startDocumentedProxy(name, Number(new URL(server.url).port), PATIENCE)
    await using reading = await startNative(`${impatient.url}/v1`, {})
    await readUntil(reading, 'text')
    const rest = readUntil(reading, 'end')
    await expect.poll(() => reading.heartbeats()).toBeGreaterThan(SILENCE_BEATS)
    speak.resolve()
    expect(textOf(await rest)).toBe(' last')
  })

  test('a WebSocket carries a stream, and its pings carry it over the time-outs', async () => {
    const speak = Promise.withResolvers<void>()
    await using server = await serveSockets(
      async function* () {
        yield 'first'
        await speak.promise
        yield ' last'
      },
      { path: '/v1/ws', pingMs: BEAT_MS },
    )
    await using impatient = await startDocumentedProxy(name, server.port, PATIENCE)
    const socket = new WebSocket(`${impatient.url.replace('http', 'ws')}/v1/ws`, ['sluice.v1'])
    let pings = 0
    socket.on('ping', () => pings++)
    const heard: { type: string; text?: string }[] = []
    socket.on('message', (data) => heard.push(JSON.parse((data as Buffer).toString()) as { type: string }))
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'start', ref: 'a', body: {} }))
    await expect.poll(() => heard.at(-1)?.type).toBe('text')
    await expect.poll(() => pings).toBeGreaterThan(SILENCE_BEATS)
    speak.resolve()
    await expect.poll(() => heard.at(-1)?.type).toBe('end')
    expect(heard.map(({ text = '' }) => text).join('')).toBe('first last')
    socket.close()
  })

  test('the gateway’s own socket opens', async () => {
    const socket = new WebSocket(`${proxy.url.replace('http', 'ws')}/v1/ws`, ['sluice.v1', 'bearer.key'])
    await once(socket, 'open')
    expect(socket.protocol).toBe('sluice.v1')
    socket.close()
    await once(socket, 'close')
  })
})

describe.each<ProxyName>(['nginx', 'haproxy'])('behind %s, whose patience has an end', (name) => {
  test('a stream without heartbeats is cut, and does not look complete', async () => {
    await using server = await serveSource(
      async function* () {
        yield 'first'
        await new Promise(() => {})
      },
      { reader: { heartbeatMs: false } },
    )
    await using impatient = await startDocumentedProxy(name, Number(new URL(server.url).port), PATIENCE)
    await using reading = await startNative(`${impatient.url}/v1`, {})
    await readUntil(reading, 'text')
    await expect(readUntil(reading, 'end')).rejects.toThrow(/terminated|over without "end"/)
  })
})
