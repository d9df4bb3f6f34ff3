import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { ownTimeMs } from '@sluice/testing/patience'
import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { askJson, attachNative, readUntil, startNative, textOf } from '../rig/native-client.ts'
import { type SpawnedGateway, spawnGateway } from '../rig/spawned-gateway.ts'
import { type BehavingBackend, chunk, DONE, type Exchange, startBehavingBackend } from '../rig/stage.ts'

/** Lease, and two seconds (contract 4). */
const TOLD_WITHIN_MS = 12_000
const CANCELLED_WITHIN_MS = 250

let redis: RedisServer
let backend: BehavingBackend
let here: SpawnedGateway
let there: SpawnedGateway

const spawn = (...flags: string[]): Promise<SpawnedGateway> =>
  spawnGateway(['--upstream', backend.baseUrl, '--redis', redis.url, ...flags])
const api = ({ url }: SpawnedGateway): string => `${url}/v1`
/** The same stream on another gateway. */
const on = ({ url }: SpawnedGateway, location: string): string => `${url}${new URL(location).pathname}`

beforeAll(async () => {
  redis = await startRedisServer()
  backend = await startBehavingBackend()
  here = await spawn()
  there = await spawn()
})

afterAll(async () => {
  for (const resource of [here, there, backend, redis]) await resource[Symbol.asyncDispose]()
})

/** A model that says `word 0 word 1 …`, one when it is told to go on. */
function steppedModel() {
  let exchange: Exchange | undefined
  const behaviour = backend.behave(async (asked) => {
    exchange = asked
    asked.stream()
    await asked.send(chunk({ content: 'word 0 ' }))
  })
  return {
    ...behaviour,
    say: (number: number) => exchange!.send(chunk({ content: `word ${number} ` })),
    async finish() {
      await exchange!.send(chunk({}, { finish: 'stop' }), DONE)
      exchange!.response.end()
    },
  }
}

describe('contract 1, two gateways on one Redis', () => {
  test('a reader that loses its connection to one goes on at the other, without a gap or a repeat', async () => {
    const model = steppedModel()
    const first = await startNative(api(here), { model: model.model })
    const before = await readUntil(first, 'text')
    await first[Symbol.asyncDispose]()
    await model.say(1)
    await using second = await attachNative(on(there, first.location), { 'last-event-id': before.at(-1)!.id! })
    const middle = await readUntil(second, 'text')
    await model.say(2)
    await model.finish()
    const after = await readUntil(second, 'end')
    expect(textOf([...before, ...middle, ...after])).toBe('word 0 word 1 word 2 ')
    expect(JSON.parse(after.at(-1)!.data)).toMatchObject({ reason: 'stop', complete: true })
    expect(model.exchanges).toHaveLength(1)
  })

  test('a stock EventSource follows a stream that the other gateway runs, and stops at its end', async () => {
    const model = steppedModel()
    await using started = await startNative(api(here), { model: model.model })
    const source = new EventSource(on(there, started.location))
    let text = ''
    source.addEventListener('text', ({ data }) => (text += (JSON.parse(data as string) as { text: string }).text))
    await new Promise((resolve) => source.addEventListener('text', resolve, { once: true }))
    const ended = new Promise((resolve) => source.addEventListener('end', resolve))
    await model.say(1)
    await model.finish()
    await ended
    await new Promise((resolve) => source.addEventListener('error', resolve, { once: true }))
    await expect.poll(() => source.readyState).toBe(EventSource.CLOSED)
    expect(text).toBe('word 0 word 1 ')
  })

  test('what is known of a stream is the same on both, running and ended', async () => {
    const model = steppedModel()
    await using started = await startNative(api(here), { model: model.model, meta: { chat: 'c' } })
    await readUntil(started, 'text')
    const path = started.location
    const [one, other] = await Promise.all([askJson(path), askJson(on(there, path))])
    expect(other.value).toEqual({ ...one.value, timing: expect.anything() as object })
    await model.finish()
    await readUntil(started, 'end')
    const ended = await Promise.all([askJson(`${path}?include=result`), askJson(`${on(there, path)}?include=result`)])
    expect(ended[1].value).toMatchObject({ status: 'ended', text: 'word 0 ', end: { reason: 'stop', complete: true } })
    expect(ended[1].value).toEqual({ ...ended[0].value, timing: expect.anything() as object })
    const cursor = String(ended[0].value.cursor)
    const over = await fetch(on(there, path), { headers: { accept: 'text/event-stream', 'last-event-id': cursor } })
    expect([over.status, over.headers.get('sluice-end')]).toEqual([204, 'stop'])
  })
})

describe('contract 8, a cancel at the other gateway', () => {
  test('is acknowledged with the end, and closes the backend’s connection at once', async () => {
    const model = steppedModel()
    await using started = await startNative(api(here), { model: model.model })
    await readUntil(started, 'text')
    const exchange = model.exchanges[0]!
    const closed = new Promise<number>((resolve) => exchange.response.on('close', () => resolve(ownTimeMs() - askedMs)))
    const askedMs = ownTimeMs()
    const answer = await askJson(`${on(there, started.location)}/cancel`, { method: 'POST' })
    expect(answer).toMatchObject({
      status: 200,
      value: { status: 'ended', end: { reason: 'cancelled', cause: 'client' } },
    })
    expect(await closed).toBeLessThan(CANCELLED_WITHIN_MS)
    const end = (await readUntil(started, 'end')).at(-1)!
    expect(JSON.parse(end.data)).toMatchObject({ reason: 'cancelled', usage: { outputTokens: 1, estimated: true } })
    const again = await askJson(`${started.location}/cancel`, { method: 'POST' })
    expect(again.value.end).toEqual(answer.value.end)
  })

  test('with DELETE also forgets it everywhere', async () => {
    const model = steppedModel()
    const started = await startNative(api(here), { model: model.model })
    await readUntil(started, 'text')
    expect((await askJson(on(there, started.location), { method: 'DELETE' })).status).toBe(200)
    for (const gateway of [here, there]) expect((await askJson(on(gateway, started.location))).status).toBe(410)
    await started[Symbol.asyncDispose]()
  })
})

test('contract 9: a reader at one gateway keeps alive what the other runs under `cancel`; when it leaves, the source stops', async () => {
  await using strict = await spawn('--on-disconnect', 'cancel')
  const model = steppedModel()
  const started = await startNative(api(strict), { model: model.model })
  const head = await readUntil(started, 'text')
  const reader = await attachNative(on(there, started.location))
  await readUntil(reader, 'text')
  await started[Symbol.asyncDispose]()
  await model.say(1)
  expect(textOf([...head, ...(await readUntil(reader, 'text'))])).toBe('word 0 word 1 ')
  const closed = new Promise((resolve) => model.exchanges[0]!.response.on('close', resolve))
  await reader[Symbol.asyncDispose]()
  await closed
  await expect
    .poll(async () => (await askJson(on(there, started.location))).value.end)
    .toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
})

test('contract 4: a gateway that is killed is told to readers at the other as an interruption, not as an end', async () => {
  const doomed = await spawn()
  const model = steppedModel()
  const started = await startNative(api(doomed), { model: model.model })
  await readUntil(started, 'text')
  await using reader = await attachNative(on(there, started.location))
  await readUntil(reader, 'text')
  const killedMs = ownTimeMs()
  doomed.process.kill('SIGKILL')
  const end = (await readUntil(reader, 'end')).at(-1)!
  expect(JSON.parse(end.data)).toMatchObject({ reason: 'interrupted', complete: false, cause: 'lease' })
  expect(ownTimeMs() - killedMs).toBeLessThan(TOLD_WITHIN_MS)
  await doomed[Symbol.asyncDispose]()
})

test('SIGTERM: readers are sent elsewhere with a cursor, and their stream is finished where it runs', async () => {
  const leaving = await spawn('--drain-ms', '8000')
  const model = steppedModel()
  await using started = await startNative(api(leaving), { model: model.model })
  const before = await readUntil(started, 'text')
  leaving.process.kill('SIGTERM')
  const told = JSON.parse((await readUntil(started, 'closed')).at(-1)!.data) as { code: string; cursor: string }
  expect(told.code).toBe('draining')
  await using reader = await attachNative(on(there, started.location), { 'last-event-id': told.cursor })
  await model.say(1)
  await model.finish()
  const after = await readUntil(reader, 'end')
  expect(textOf([...before, ...after])).toBe('word 0 word 1 ')
  expect(await leaving.exited).toMatchObject({ code: 0 })
})

test('readiness and metrics say when Redis does not answer, and when it does again', async () => {
  const ready = async (): Promise<number> => (await fetch(`${here.url}/readyz`)).status
  expect(await ready()).toBe(200)
  await redis.kill()
  await expect.poll(ready).toBe(503)
  expect(await (await fetch(`${here.url}/metrics`)).text()).toContain('sluice_store_up 0')
  await redis.restart({ empty: true })
  await expect.poll(ready).toBe(200)
})
