import { ownTimeMs } from '@sluice/testing/patience'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askJson, attachNative, readUntil, textOf } from '../rig/native-client.ts'
import { type Leaving, openRaw } from '../rig/raw-client.ts'
import { chunk, DONE, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage(['--on-disconnect', 'cancel'])
})
afterAll(() => stage[Symbol.asyncDispose]())

const WAYS: readonly Leaving[] = ['rst', 'fin', 'half-close']

/** A backend that says one token and then nothing until it is told to. */
function talking(stageOf: Stage = stage) {
  const behaviour = stageOf.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'first' }))
  })
  const finish = async (): Promise<void> => {
    const exchange = await behaviour.first
    await exchange.send(chunk({ content: ' last' }), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  }
  return { ...behaviour, finish }
}

/** A raw client that has read the first token of a stream. */
async function reading(
  model: string,
  { onDisconnect, path = '/v1/streams' }: { onDisconnect?: unknown; path?: string } = {},
) {
  const sluice = onDisconnect === undefined ? undefined : { onDisconnect }
  const body = JSON.stringify({ model, messages: MESSAGES, stream: true, sluice })
  const client = await openRaw(stage.gateway.url, { path, body })
  await client.until('first')
  const id = /sluice-stream-id: (\S+)/i.exec(client.received)![1]!
  return { client, id, url: `${stage.api}/streams/${id}` }
}

async function endOf(url: string): Promise<unknown> {
  return (await askJson(url)).value.end
}

/** Resolves once so many readings are open: the gateway has noticed. */
async function readingsOpen(count: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${stage.gateway.url}/metrics`)).text()
    if (text.includes(`sluice_readings_open ${count}\n`)) return
  }
}

describe.each(WAYS)('a client that leaves in the middle (%s)', (how) => {
  test('under cancel: the backend is left at once', async () => {
    const { model, first } = talking()
    for (const path of ['/v1/streams', '/v1/chat/completions']) {
      const { client, url } = await reading(model, { path })
      const exchange = path === '/v1/streams' ? await first : stage.backend.exchanges.at(-1)!
      client.leave(how)
      await exchange.closed
      expect(exchange.response.writableFinished).toBe(false)
      expect(await endOf(url)).toMatchObject({ reason: 'cancelled', complete: false, cause: 'disconnect' })
      using _ = client
    }
  })

  test('under continue: the backend is not left, and the answer is kept', async () => {
    const { model, finish } = talking()
    const { client, url } = await reading(model, { onDisconnect: 'continue' })
    client.leave(how)
    await readingsOpen(0)
    await finish()
    await using again = await attachNative(url)
    expect(textOf(await readUntil(again, 'end'))).toBe('first last')
    expect(await endOf(url)).toMatchObject({ reason: 'stop', complete: true })
    using _ = client
  })

  test('within grace: whoever attaches keeps it alive', async () => {
    const { model, finish } = talking()
    const { client, url } = await reading(model, { onDisconnect: { graceMs: 10_000 } })
    client.leave(how)
    await readingsOpen(0)
    await using again = await attachNative(url)
    await finish()
    expect(textOf(await readUntil(again, 'end'))).toBe('first last')
    using _ = client
  })

  test('after grace: the backend is left', async () => {
    const { model, first } = talking()
    const { client, url } = await reading(model, { onDisconnect: { graceMs: 300 } })
    const exchange = await first
    const left = performance.now()
    client.leave(how)
    await exchange.closed
    expect(performance.now() - left).toBeGreaterThan(290)
    expect(await endOf(url)).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
    using _ = client
  })
})

describe('a client that does not wait for the head', () => {
  test.each([
    ['/v1/chat/completions', true, 'rst'],
    ['/v1/chat/completions', true, 'fin'],
    ['/v1/chat/completions', true, 'half-close'],
    ['/v1/chat/completions', false, 'rst'],
    ['/v1/chat/completions', false, 'half-close'],
    ['/v1/streams', true, 'rst'],
    ['/v1/streams', false, 'fin'],
  ] as const)('of %s (stream: %s, %s) takes the backend with it, at once', async (path, stream, how) => {
    // The backend never answers; the gateway would by itself only after two seconds.
    const { model, first } = stage.behave(() => {})
    const body = JSON.stringify({ model, messages: MESSAGES, stream })
    using client = await openRaw(stage.gateway.url, { path, body })
    const exchange = await first
    const left = ownTimeMs()
    client.leave(how)
    await exchange.closed
    expect(ownTimeMs() - left).toBeLessThan(1_500)
    expect(client.received).toBe('')
  })

  test('with an official client, whose abort is a reset', async () => {
    const { model, first } = stage.behave(() => {})
    const abort = new AbortController()
    const answer = fetch(`${stage.api}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: MESSAGES, stream: true }),
      signal: abort.signal,
    }).catch((error: unknown) => error)
    const exchange = await first
    abort.abort()
    await exchange.closed
    expect(await answer).toBeInstanceOf(DOMException)
  })
})

test('a client that leaves inside its own request starts nothing', async () => {
  const { model, exchanges } = talking()
  const body = JSON.stringify({ model, messages: MESSAGES })
  using client = await openRaw(stage.gateway.url, {
    path: '/v1/streams',
    headers: { 'x-note': 'the body is cut' },
    body: '',
  })
  await client.until('400')
  for (const how of WAYS) {
    using cut = await openRaw(stage.gateway.url, { method: 'GET', path: '/healthz' })
    await cut.until('alive')
    const head = `POST /v1/streams HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
    cut.socket.write(head + body.slice(0, 20))
    cut.leave(how)
    await cut.closed
  }
  // One that is whole gets through, after all of these.
  const { client: whole } = await reading(model)
  expect(exchanges).toHaveLength(1)
  whole.leave('fin')
})

test('one of two readers that leaves ends nothing', async () => {
  const { model, finish } = talking()
  const { client, url } = await reading(model)
  await using other = await attachNative(url)
  await readUntil(other, 'text')
  await readingsOpen(2)
  client.leave('rst')
  await readingsOpen(1)
  await finish()
  expect(textOf(await readUntil(other, 'end'))).toBe(' last')
  expect(await endOf(url)).toMatchObject({ reason: 'stop', complete: true })
})

test('the gateway has survived all of it, and nothing is left', async () => {
  await readingsOpen(0)
  for (;;) {
    const text = await (await fetch(`${stage.gateway.url}/metrics`)).text()
    if (text.includes('sluice_sources_running 0\n')) break
  }
  expect(stage.gateway.process.exitCode).toBeNull()
  expect(stage.gateway.stderr).toBe('')
})
