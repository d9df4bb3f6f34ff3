import type { ChunkingPolicy } from '@sluice/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveSource } from '../rig/in-process.ts'
import { attachNative, readUntil, startNative, textOf } from '../rig/native-client.ts'
import { startNginx } from '@sluice/testing/proxy'
import { openRaw } from '../rig/raw-client.ts'
import { chunk, DONE, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

const HEARTBEAT_MS = 200

let stage: Stage

beforeAll(async () => {
  stage = await startStage(['--on-disconnect', 'cancel'])
})
afterAll(() => stage[Symbol.asyncDispose]())

/** Ways to set up nginx that hold streams back, unless they are told not to. */
const SETUPS: readonly [name: string, location: readonly string[]][] = [
  ['as it comes, HTTP/1.0 to us', ['proxy_http_version 1.0;']],
  ['as it comes, HTTP/1.1 to us', ['proxy_http_version 1.1;', 'proxy_set_header Connection "";']],
  [
    'compressing event streams',
    ['gzip on;', 'gzip_types text/event-stream;', 'gzip_min_length 0;', 'gzip_proxied any;'],
  ],
]

describe.each(SETUPS)('behind nginx, %s', (_, location) => {
  test('the first token is not held back, and nothing is lost', async () => {
    await using nginx = await startNginx(stage.gateway.port, location)
    // Held back, the first token would come with the end, and the end comes when it was read.
    const { model, first } = stage.behave(async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'first' }))
    })
    await using reading = await startNative(`${nginx.url}/v1`, { model }, { 'accept-encoding': 'gzip' })
    expect(reading.response.status).toBe(200)
    expect(textOf(await readUntil(reading, 'text'))).toBe('first')
    const exchange = await first
    await exchange.send(chunk({ content: ' last' }), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
    expect(textOf(await readUntil(reading, 'end'))).toBe(' last')
  })

  test('a client that leaves takes the backend with it', async () => {
    await using nginx = await startNginx(stage.gateway.port, location)
    const { model, first } = stage.behave(async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'first' }))
    })
    const reading = await startNative(`${nginx.url}/v1`, { model })
    await readUntil(reading, 'text')
    await reading[Symbol.asyncDispose]()
    await (
      await first
    ).closed
  })

  test('a client that leaves before the head takes the backend with it', async () => {
    await using nginx = await startNginx(stage.gateway.port, location)
    const { model, first } = stage.behave(() => {})
    const body = JSON.stringify({ model, messages: MESSAGES, stream: true })
    using client = await openRaw(nginx.url, { path: '/v1/chat/completions', body })
    const exchange = await first
    client.leave('fin')
    await exchange.closed
  })

  test('a stream whose gateway is killed has no end', async () => {
    await using dying = await startStage()
    await using nginx = await startNginx(dying.gateway.port, location)
    const { model } = dying.behave(async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'first' }))
    })
    await using reading = await startNative(`${nginx.url}/v1`, { model })
    await readUntil(reading, 'text')
    dying.gateway.process.kill('SIGKILL')
    // With HTTP/1.0 the connection's end is the body's: there only the missing event tells.
    await expect(readUntil(reading, 'end')).rejects.toThrow(/terminated|over without "end"/)
  })

  test('contract 2: a reading that the gateway cuts does not look complete', async () => {
    let asked = 0
    const broken: ChunkingPolicy = {
      name: 'broken',
      maxDelayMs: 60_000,
      take({ pending }) {
        if (++asked > 1) throw new Error('broken')
        return pending
      },
    }
    const speak = Promise.withResolvers<void>()
    await using server = await serveSource(
      async function* () {
        yield 'first'
        await speak.promise
        yield 'more'
        await new Promise(() => {})
      },
      { reader: { chunking: broken } },
    )
    await using nginx = await startNginx(Number(new URL(server.url).port), location)
    await using reading = await startNative(`${nginx.url}/v1`, {})
    await readUntil(reading, 'text')
    speak.resolve()
    await expect(readUntil(reading, 'end')).rejects.toThrow('terminated')
  })
})

test('heartbeats carry a silent stream over a short proxy_read_timeout, before the first token too', async () => {
  const speak = Promise.withResolvers<void>()
  await using server = await serveSource(
    async function* () {
      await speak.promise
      yield 'at last'
    },
    { reader: { heartbeatMs: HEARTBEAT_MS }, stream: { openAfterMs: 50 } },
  )
  await using nginx = await startNginx(Number(new URL(server.url).port), ['proxy_read_timeout 2s;'])
  await using reading = await startNative(`${nginx.url}/v1`, {})
  await readUntil(reading, 'opened')
  // They come at their pace or later: so many are more than the proxy's patience.
  const rest = readUntil(reading, 'end')
  await expect.poll(() => reading.heartbeats()).toBeGreaterThan(4_000 / HEARTBEAT_MS)
  speak.resolve()
  expect(textOf(await rest)).toBe('at last')
})

test('without heartbeats the same proxy cuts the stream, and the reader can resume', async () => {
  const speak = Promise.withResolvers<void>()
  await using server = await serveSource(
    async function* () {
      yield 'first'
      await speak.promise
      yield ' last'
    },
    { reader: { heartbeatMs: false } },
  )
  await using nginx = await startNginx(Number(new URL(server.url).port), ['proxy_read_timeout 1s;'])
  await using reading = await startNative(`${nginx.url}/v1`, {})
  const cursor = (await readUntil(reading, 'text')).at(-1)!.id
  await expect(readUntil(reading, 'end')).rejects.toThrow('terminated')
  speak.resolve()
  await using again = await attachNative(`${nginx.url}/v1/streams/${reading.id}?after=${cursor}`)
  expect(textOf(await readUntil(again, 'end'))).toBe(' last')
})
