import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askJson, attachNative, readUntil, startNative, textOf } from '../../rig/native-client.ts'
import { type Stage, startStage } from '../../rig/stage.ts'
import { ended, running, statusOf, talking } from '../../rig/talking-streams.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

const moved = (cursor: string, by: number): string => cursor.replace(/\d+$/, (seq) => String(Number(seq) + by))

describe('cursors', () => {
  test('within the log of a running stream: 200, and it goes on', async () => {
    const { url, cursor, say, finish } = await running(stage)
    await using reading = await attachNative(`${url}?after=${moved(cursor, -2)}`)
    expect(reading.response.status).toBe(200)
    expect(reading.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    await say('d')
    await finish()
    expect(textOf(await readUntil(reading, 'end'))).toBe('bcd')
  })

  test('at the end of the log of a running stream: 200, and it waits', async () => {
    const { url, cursor, say, finish } = await running(stage)
    await using reading = await attachNative(url, { 'last-event-id': cursor })
    expect(reading.response.status).toBe(200)
    await readUntil(reading, 'opened')
    await say('d')
    await finish()
    expect(textOf(await readUntil(reading, 'end'))).toBe('d')
  })

  test('within the log of an ended stream: 200, the rest and the end', async () => {
    const { url, cursor } = await ended(stage)
    await using reading = await attachNative(`${url}?after=${moved(cursor, -1)}`)
    expect(textOf(await readUntil(reading, 'end'))).toBe('c')
    expect((await reading.events.next()).done).toBe(true)
  })

  test('at the end of an ended stream: 204 and the reason', async () => {
    const { url, endCursor } = await ended(stage)
    for (const [address, headers] of [
      [url, { 'last-event-id': endCursor }],
      [`${url}?after=${endCursor}`, {}],
      [`${stage.api}/streams/${endCursor}`, {}],
      [`${url}?after=now`, {}],
    ] as const) {
      const response = await fetch(address, { headers })
      expect([response.status, response.headers.get('sluice-end'), await response.text()]).toEqual([204, 'stop', ''])
    }
  })

  test('ahead of the log, or of another epoch: 409', async () => {
    const live = await running(stage)
    const over = await ended(stage)
    for (const { url, cursor } of [live, over]) {
      expect(await statusOf(`${url}?after=${moved(cursor, 1_000)}`)).toBe(409)
      expect(await statusOf(`${url}?after=${cursor.replace(/\.\d+\.(\d+)$/, '.9.$1')}`)).toBe(409)
    }
  })

  test('malformed, or of another stream: 400', async () => {
    const one = await ended(stage)
    const other = await ended(stage)
    const bad = ['x.', `${one.id}.1`, `${one.id}.1.-1`, `${one.id}.1.1e3`, `${one.id}.1.9007199254740993`, 'ü', 'a b']
    for (const cursor of [...bad, `${one.id}.1.NaN`, 'A'.repeat(5_000), other.cursor]) {
      expect([cursor, await statusOf(`${one.url}?after=${encodeURIComponent(cursor)}`)]).toEqual([cursor, 400])
    }
    expect(await statusOf(one.url, { 'last-event-id': other.cursor })).toBe(400)
    const response = await fetch(`${one.url}?after=x.1`)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ status: 400, code: 'SLUICE_ERR_CURSOR_MALFORMED' })
  })

  test('the bare id of another stream, or what looks like one: 400', async () => {
    const one = await ended(stage)
    const other = await ended(stage)
    for (const cursor of [other.id, `${other.id}.0.0`, 'x', '-1', 'undefined']) {
      expect([cursor, await statusOf(`${one.url}?after=${cursor}`)]).toEqual([cursor, 400])
      expect([cursor, await statusOf(one.url, { 'last-event-id': cursor })]).toEqual([cursor, 400])
    }
  })

  test('of an unknown stream: 404; of an erased one: 410', async () => {
    const { url, id, cursor } = await ended(stage)
    const unknown = id.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))
    expect(await statusOf(`${stage.api}/streams/${unknown}`)).toBe(404)
    expect(await statusOf(`${stage.api}/streams/${unknown}.1.1`)).toBe(404)
    expect((await askJson(url, { method: 'DELETE' })).status).toBe(200)
    expect(await statusOf(url)).toBe(410)
    expect(await statusOf(`${url}?after=${cursor}`)).toBe(410)
  })

  test('before the trimmed head: 410', async () => {
    const backend = talking(stage)
    await using started = await startNative(stage.api, { model: backend.model })
    const { cursor: waiting } = (await askJson(started.location)).value
    const reading = readUntil(started, 'end')
    const big = 'x'.repeat(15_000)
    for (let round = 0; round < 100; round++) await backend.say(big)
    await backend.finish()
    expect(textOf(await reading)).toHaveLength(1_500_000)
    for (const seq of [0, 1, 5]) expect(await statusOf(`${started.location}?after=${started.id}.1.${seq}`)).toBe(410)
    expect(await statusOf(`${started.location}?after=${String(waiting)}`)).toBe(410)
  })

  test('the header wins over ?after=, and ?after=now skips what was said', async () => {
    const { url, cursor, say, finish } = await running(stage)
    await using both = await attachNative(`${url}?after=${moved(cursor, -2)}`, { 'last-event-id': moved(cursor, -1) })
    await using now = await attachNative(`${url}?after=now`)
    await readUntil(now, 'opened')
    await say('d')
    await finish()
    expect(textOf(await readUntil(both, 'end'))).toBe('cd')
    expect(textOf(await readUntil(now, 'end'))).toBe('d')
  })
})

describe('headers of a stream', () => {
  test('are those that proxies, caches and pages need', async () => {
    const { started, url } = await running(stage)
    await using attached = await attachNative(url, { 'accept-encoding': 'gzip, br' })
    for (const { response, id } of [started, attached]) {
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
        'sluice-stream-id': id,
        'content-location': `/v1/streams/${id}`,
      })
      expect(response.headers.get('content-encoding')).toBeNull()
    }
  })

  test('?wire= overrides the wire a stream was started on', async () => {
    const { url, finish } = await running(stage)
    await using reading = await attachNative(`${url}?wire=openai.chat`)
    await finish()
    const text = await reading.response.text()
    expect(text).toContain('"object":"chat.completion.chunk"')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
    expect(await statusOf(`${url}?wire=nonsense`)).toBe(400)
  })
})
