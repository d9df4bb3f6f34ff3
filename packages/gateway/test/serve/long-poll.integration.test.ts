import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { askJson } from '../rig/native-client.ts'
import { polledText, pollOnce, pollToEnd } from '../rig/poll-client.ts'
import { type SpawnedGateway, spawnGateway } from '../rig/spawned-gateway.ts'
import {
  type BehavingBackend,
  chunk,
  DONE,
  type Exchange,
  MESSAGES,
  type Stage,
  startBehavingBackend,
  startStage,
} from '../rig/stage.ts'

type Behaving = Pick<BehavingBackend, 'behave'>

/** A model that says `one `, and what it is told to say from then on. */
function toldModel({ behave }: Behaving) {
  let exchange: Exchange | undefined
  const behaviour = behave(async (asked) => {
    exchange = asked
    asked.stream()
    await asked.send(chunk({ content: 'one ' }))
  })
  return {
    ...behaviour,
    say: (content: string) => exchange!.send(chunk({ content })),
    async finish() {
      await exchange!.send(chunk({}, { finish: 'stop' }), DONE)
      exchange!.response.end()
    },
  }
}

/** Starts a stream that nobody reads yet; gives where it is. */
async function startUnread(api: string, model: string, sluice: object = {}): Promise<{ id: string; url: string }> {
  const body = { model, messages: MESSAGES, background: true, sluice }
  const { status, value } = await askJson(`${api}/streams`, { method: 'POST', body })
  expect(status).toBe(202)
  const id = String(value['id'])
  return { id, url: `${api}/streams/${id}` }
}

describe('one gateway, as its users run it', () => {
  let stage: Stage
  beforeAll(async () => void (stage = await startStage(['--cors-origin', 'https://app.example'])))
  afterAll(() => stage[Symbol.asyncDispose]())

  test('contract 1: a client that polls gets all of an answer, and is told that nothing is left', async () => {
    const model = toldModel(stage)
    const { url } = await startUnread(stage.api, model.model)
    await model.first
    const reading = pollToEnd(url)
    for (const word of ['two ', 'Grüße 👩🏽‍🚀 ', '\u2028']) await model.say(word)
    await model.finish()
    const lines = await reading
    expect(polledText(lines)).toBe('one two Grüße 👩🏽‍🚀 \u2028')
    expect(lines.at(-1)).toMatchObject({ type: 'end', reason: 'stop', complete: true })
    const over = await pollOnce(url, { after: lines.at(-1)!.cursor })
    expect([over.status, over.headers.get('sluice-end')]).toEqual([204, 'stop'])
  })

  test('contract 8: a cancel answers the one who waits, and the backend is left', async () => {
    const model = toldModel(stage)
    const { url } = await startUnread(stage.api, model.model)
    const { cursor } = await pollOnce(url)
    const waiting = pollOnce(url, { after: cursor })
    await askJson(`${url}/cancel`, { method: 'POST' })
    expect((await waiting).lines).toMatchObject([{ type: 'end', reason: 'cancelled', cause: 'client' }])
    await (
      await model.first
    ).closed
  })

  test('contract 9: a client that leaves while it waits is noticed', async () => {
    const model = toldModel(stage)
    const { url } = await startUnread(stage.api, model.model)
    const { cursor } = await pollOnce(url)
    const leaving = new AbortController()
    const open = async (): Promise<string> =>
      /^sluice_readings_open (.*)$/m.exec(await (await fetch(`${stage.gateway.url}/metrics`)).text())![1]!
    const waiting = pollOnce(url, { after: cursor, signal: leaving.signal })
    await expect.poll(open).toBe('1')
    leaving.abort()
    await expect(waiting).rejects.toThrow('aborted')
    await expect.poll(open).toBe('0')
    await model.finish()
  })

  test('a page of another origin may poll, and sees where to go on', async () => {
    const model = toldModel(stage)
    const { url } = await startUnread(stage.api, model.model)
    const headers = { accept: 'application/x-ndjson', origin: 'https://app.example' }
    const response = await fetch(`${url}?wait=30`, { headers })
    expect(response.headers.get('access-control-expose-headers')).toContain('Sluice-Cursor')
    expect([response.headers.get('cache-control'), response.headers.get('content-encoding')]).toEqual([
      'no-store',
      null,
    ])
    await response.text()
    await model.finish()
  })

  test('the JSON of a stream wakes on its next step', async () => {
    const model = toldModel(stage)
    const { id, url } = await startUnread(stage.api, model.model)
    const { cursor } = await pollOnce(url)
    const waiting = askJson(`${url}?wait=50&after=${cursor}`)
    await model.say('two ')
    const { value } = await waiting
    expect(value).toMatchObject({ id, status: 'running' })
    expect(value['cursor']).not.toBe(cursor)
    await model.finish()
    let known = value
    while (known['status'] !== 'ended') known = (await askJson(`${url}?wait=50&after=${String(known['cursor'])}`)).value
    expect(known).toMatchObject({ end: { reason: 'stop' } })
  })

  test('a start that is to be answered later is answered with all of it, or with where it will be', async () => {
    const [quick, slow] = [toldModel(stage), toldModel(stage)]
    const ask = (model: string, prefer: string): ReturnType<typeof askJson> =>
      askJson(`${stage.api}/chat/completions`, {
        method: 'POST',
        body: { model, messages: MESSAGES },
        headers: { prefer },
      })
    const answer = ask(quick.model, 'respond-async, wait=50')
    await quick.first
    await quick.finish()
    expect(await answer).toMatchObject({ status: 200, value: { object: 'chat.completion' } })
    const later = await ask(slow.model, 'respond-async, wait=1')
    // It has waited for a second: as if it had polled once by now.
    expect([later.status, later.headers.get('retry-after')]).toEqual([202, '2'])
    await slow.say('two')
    await slow.finish()
    const lines = await pollToEnd(new URL(later.headers.get('location')!, stage.api).href)
    expect(polledText(lines)).toBe('one two')
  })
})

test('contract 3: a gateway that goes away serves those who poll to the end, between their polls too', async () => {
  await using stage = await startStage(['--drain-ms', '20000'])
  const model = toldModel(stage)
  const { url } = await startUnread(stage.api, model.model)
  const { cursor } = await pollOnce(url)
  stage.gateway.process.kill('SIGTERM')
  await expect.poll(async () => (await fetch(`${stage.gateway.url}/readyz`)).status).toBe(503)
  await model.say('two ')
  await model.finish()
  await (
    await model.first
  ).closed
  const rest = await pollToEnd(url, cursor)
  expect(polledText(rest)).toBe('two ')
  expect(rest.at(-1)).toMatchObject({ type: 'end', reason: 'stop' })
  expect(await stage.gateway.exited).toEqual({ code: 0, signal: null })
})

describe('two gateways on one Redis', () => {
  let redis: RedisServer
  let backend: BehavingBackend
  const spawn = (...flags: string[]): Promise<SpawnedGateway> =>
    spawnGateway(['--upstream', backend.baseUrl, '--redis', redis.url, ...flags])
  beforeAll(async () => {
    redis = await startRedisServer()
    backend = await startBehavingBackend()
  })
  afterAll(async () => {
    for (const resource of [backend, redis]) await resource[Symbol.asyncDispose]()
  })

  test('contract 1, 9: a client whose polls go to one and the other gets all of it, once, under any policy', async () => {
    await using here = await spawn()
    await using there = await spawn()
    const model = toldModel(backend)
    const { id } = await startUnread(`${here.url}/v1`, model.model, { onDisconnect: 'cancel' })
    let after: string | undefined
    let text = ''
    for (const [index, word] of ['two ', 'three ', 'four ', 'five ', 'six'].entries()) {
      const gateway = index % 2 === 0 ? there : here
      const answer = await pollOnce(`${gateway.url}/v1/streams/${id}`, { after })
      text += polledText(answer.lines)
      after = answer.cursor
      await model.say(word)
    }
    await model.finish()
    text += polledText(await pollToEnd(`${there.url}/v1/streams/${id}`, after))
    expect(text).toBe('one two three four five six')
  })

  test('contract 2: who waits at one that goes away is told so, and goes on at the other', async () => {
    await using here = await spawn()
    await using there = await spawn('--drain-ms', '5000')
    const model = toldModel(backend)
    const { id } = await startUnread(`${here.url}/v1`, model.model, { onDisconnect: 'cancel' })
    const { cursor } = await pollOnce(`${there.url}/v1/streams/${id}`)
    const waiting = pollOnce(`${there.url}/v1/streams/${id}`, { after: cursor })
    await expect
      .poll(async () => (await (await fetch(`${there.url}/metrics`)).text()).includes('sluice_readings_open 1'))
      .toBe(true)
    there.process.kill('SIGTERM')
    const told = await waiting
    expect(told).toMatchObject({ status: 200, cursor, lines: [{ type: 'closed', code: 'draining', cursor }] })
    expect(await there.exited).toEqual({ code: 0, signal: null })
    await model.say('two')
    await model.finish()
    expect(polledText(await pollToEnd(`${here.url}/v1/streams/${id}`, told.cursor))).toBe('two')
  })
})
