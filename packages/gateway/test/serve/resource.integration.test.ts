import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askJson, attachNative, readUntil, startNative, textOf } from '../rig/native-client.ts'
import { chunk, DONE, type Exchange, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

/** A backend that has sent its head and says a text when it is told to. */
function talking(): {
  model: string
  say: (...texts: string[]) => Promise<void>
  finish: () => Promise<void>
  exchange: () => Promise<Exchange>
} {
  const { model, first } = stage.behave((exchange) => exchange.stream())
  return {
    model,
    exchange: () => first,
    say: async (...texts) => (await first).send(...texts.map((content) => chunk({ content }))),
    finish: async () => {
      const exchange = await first
      await exchange.send(chunk({}, { finish: 'stop' }), DONE)
      exchange.response.end()
    },
  }
}

/** A stream that has said `text` and goes on, its first reader attached. */
async function running(text = 'abc') {
  const backend = talking()
  const started = await startNative(stage.api, { model: backend.model })
  await backend.say(...Array.from(text))
  let seen = ''
  let cursor = ''
  while (seen.length < text.length) {
    const events = await readUntil(started, 'text')
    seen += textOf(events)
    cursor = events.at(-1)!.id!
  }
  return { ...backend, started, cursor, id: started.id, url: started.location }
}

async function ended(text = 'abc') {
  const stream = await running(text)
  await stream.finish()
  const end = (await readUntil(stream.started, 'end')).at(-1)!
  return { ...stream, endCursor: end.id! }
}

async function statusOf(url: string, headers: object = {}): Promise<number> {
  await using reading = await attachNative(url, headers)
  return reading.response.status
}

const moved = (cursor: string, by: number): string => cursor.replace(/\d+$/, (seq) => String(Number(seq) + by))

describe('cursors', () => {
  test('within the log of a running stream: 200, and it goes on', async () => {
    const { url, cursor, say, finish } = await running()
    await using reading = await attachNative(`${url}?after=${moved(cursor, -2)}`)
    expect(reading.response.status).toBe(200)
    expect(reading.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    await say('d')
    await finish()
    expect(textOf(await readUntil(reading, 'end'))).toBe('bcd')
  })

  test('at the end of the log of a running stream: 200, and it waits', async () => {
    const { url, cursor, say, finish } = await running()
    await using reading = await attachNative(url, { 'last-event-id': cursor })
    expect(reading.response.status).toBe(200)
    await readUntil(reading, 'opened')
    await say('d')
    await finish()
    expect(textOf(await readUntil(reading, 'end'))).toBe('d')
  })

  test('within the log of an ended stream: 200, the rest and the end', async () => {
    const { url, cursor } = await ended()
    await using reading = await attachNative(`${url}?after=${moved(cursor, -1)}`)
    expect(textOf(await readUntil(reading, 'end'))).toBe('c')
    expect((await reading.events.next()).done).toBe(true)
  })

  test('at the end of an ended stream: 204 and the reason', async () => {
    const { url, endCursor } = await ended()
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
    const live = await running()
    const over = await ended()
    for (const { url, cursor } of [live, over]) {
      expect(await statusOf(`${url}?after=${moved(cursor, 1_000)}`)).toBe(409)
      expect(await statusOf(`${url}?after=${cursor.replace(/\.\d+\.(\d+)$/, '.9.$1')}`)).toBe(409)
    }
  })

  test('malformed, or of another stream: 400', async () => {
    const one = await ended()
    const other = await ended()
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
    const one = await ended()
    const other = await ended()
    for (const cursor of [other.id, `${other.id}.0.0`, 'x', '-1', 'undefined']) {
      expect([cursor, await statusOf(`${one.url}?after=${cursor}`)]).toEqual([cursor, 400])
      expect([cursor, await statusOf(one.url, { 'last-event-id': cursor })]).toEqual([cursor, 400])
    }
  })

  test('of an unknown stream: 404; of an erased one: 410', async () => {
    const { url, id, cursor } = await ended()
    const unknown = id.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))
    expect(await statusOf(`${stage.api}/streams/${unknown}`)).toBe(404)
    expect(await statusOf(`${stage.api}/streams/${unknown}.1.1`)).toBe(404)
    expect((await askJson(url, { method: 'DELETE' })).status).toBe(200)
    expect(await statusOf(url)).toBe(410)
    expect(await statusOf(`${url}?after=${cursor}`)).toBe(410)
  })

  test('before the trimmed head: 410', async () => {
    const backend = talking()
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
    const { url, cursor, say, finish } = await running()
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
    const { started, url } = await running()
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
    const { url, finish } = await running()
    await using reading = await attachNative(`${url}?wire=openai.chat`)
    await finish()
    const text = await reading.response.text()
    expect(text).toContain('"object":"chat.completion.chunk"')
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
    expect(await statusOf(`${url}?wire=nonsense`)).toBe(400)
  })
})

describe('information', () => {
  test('follows the stream from waiting over running to its end', async () => {
    const backend = talking()
    await using started = await startNative(stage.api, { model: backend.model, sluice: { key: 'info-1' } })
    const waiting = await askJson(started.location)
    expect(waiting.value).toMatchObject({ id: started.id, key: 'info-1', status: 'waiting' })
    expect(waiting.value).not.toHaveProperty('end')
    await backend.say('abc')
    await readUntil(started, 'text')
    expect((await askJson(started.location)).value).toMatchObject({ status: 'running' })
    expect((await askJson(`${stage.api}/streams?key=info-1`)).value).toMatchObject({ id: started.id })
    await backend.finish()
    const { id: endCursor } = (await readUntil(started, 'end')).at(-1)!
    const { status, headers, value } = await askJson(`${started.location}?include=result`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(value).toMatchObject({
      status: 'ended',
      cursor: endCursor,
      end: { reason: 'stop', complete: true },
      text: 'abc',
      events: [
        { type: 'text', text: 'abc' },
        { type: 'finish', reason: 'stop' },
      ],
      timing: { createdAtMs: expect.any(Number), durationMs: expect.any(Number) },
    })
    expect((await askJson(started.location)).value).not.toHaveProperty('text')
  })

  test('a key: 307 to its live stream, 204 when none runs', async () => {
    const backend = talking()
    await using started = await startNative(stage.api, { model: backend.model, sluice: { key: 'chat 1/ü' } })
    const find = `${stage.api}/streams?key=${encodeURIComponent('chat 1/ü')}`
    const found = await fetch(find, { redirect: 'manual', headers: { accept: 'text/event-stream' } })
    expect([found.status, found.headers.get('location')]).toEqual([307, `/v1/streams/${started.id}`])
    await backend.finish()
    await readUntil(started, 'end')
    expect((await fetch(find, { redirect: 'manual' })).status).toBe(204)
    expect((await askJson(find)).status).toBe(204)
    expect((await fetch(`${stage.api}/streams`)).status).toBe(400)
  })
})

describe('starting', () => {
  test('in the background: 202, where it is, and it runs without a reader', async () => {
    const backend = talking()
    const { status, headers, value } = await askJson(`${stage.api}/streams`, {
      method: 'POST',
      body: { model: backend.model, messages: MESSAGES, background: true },
    })
    expect(status).toBe(202)
    expect(value).toMatchObject({ id: expect.any(String), cursor: expect.any(String), status: 'waiting' })
    expect(headers.get('location')).toBe(`/v1/streams/${String(value.id)}`)
    await backend.say('abc')
    await backend.finish()
    await using reading = await attachNative(`${stage.api}/streams/${String(value.cursor)}`)
    expect(textOf(await readUntil(reading, 'end'))).toBe('abc')
    expect((await backend.exchange()).body).not.toHaveProperty('background')
  })

  test('without streaming: one body, once it has ended', async () => {
    const backend = talking()
    const answer = askJson(`${stage.api}/streams`, {
      method: 'POST',
      body: { model: backend.model, messages: MESSAGES, stream: false },
    })
    await backend.say('abc')
    await backend.finish()
    expect((await answer).value).toMatchObject({ status: 'ended', text: 'abc', end: { complete: true } })
  })

  test('twice with one Idempotency-Key: one stream; with another body: 422', async () => {
    const backend = talking()
    const headers = { 'idempotency-key': `key-${Math.random()}` }
    await using first = await startNative(stage.api, { model: backend.model }, headers)
    await using again = await startNative(stage.api, { model: backend.model }, headers)
    expect(again.id).toBe(first.id)
    await backend.say('abc')
    await backend.finish()
    expect(textOf(await readUntil(first, 'end'))).toBe('abc')
    expect(textOf(await readUntil(again, 'end'))).toBe('abc')
    await using late = await startNative(stage.api, { model: backend.model }, headers)
    expect(textOf(await readUntil(late, 'end'))).toBe('abc')
    const other = await startNative(stage.api, { model: backend.model, temperature: 1 }, headers)
    expect(other.response.status).toBe(422)
    expect(stage.backend.exchanges.filter(({ body }) => body.model === backend.model)).toHaveLength(1)
  })

  test('with a body that is none: 400 and 415', async () => {
    const post = (body: string, type = 'application/json'): Promise<Response> =>
      fetch(`${stage.api}/streams`, { method: 'POST', body, headers: { 'content-type': type } })
    expect((await post('{"a":')).status).toBe(400)
    expect((await post('[]')).status).toBe(400)
    expect((await post('{"__proto__":{"stream":false}}')).status).toBe(400)
    expect((await post('{}', 'text/plain')).status).toBe(415)
    expect((await post('{"sluice":{"nonsense":1}}')).status).toBe(400)
  })
})

describe('ending', () => {
  test('cancel: 200 with the end, again and again, and the backend is left', async () => {
    const { url, exchange, started } = await running()
    const first = await askJson(`${url}/cancel`, { method: 'POST' })
    expect(first).toMatchObject({
      status: 200,
      value: { status: 'ended', end: { reason: 'cancelled', cause: 'client' } },
    })
    await (
      await exchange()
    ).closed
    expect((await readUntil(started, 'end')).at(-1)?.data).toContain('"cancelled"')
    expect((await askJson(`${url}/cancel`, { method: 'POST' })).value).toEqual(first.value)
    const over = await ended()
    const late = await askJson(`${over.url}/cancel`, { method: 'POST' })
    expect(late).toMatchObject({ status: 200, value: { end: { reason: 'stop', complete: true } } })
  })

  test('erase: 200, then 410 for everything', async () => {
    const { url, exchange } = await running()
    const erased = await askJson(url, { method: 'DELETE' })
    expect(erased).toMatchObject({ status: 200, value: { status: 'ended', end: { reason: 'cancelled' } } })
    await (
      await exchange()
    ).closed
    expect((await askJson(url)).status).toBe(410)
    expect((await askJson(`${url}/cancel`, { method: 'POST' })).status).toBe(410)
    expect((await askJson(`${url}/send`, { method: 'POST', body: {} })).status).toBe(410)
    expect((await askJson(url, { method: 'DELETE' })).status).toBe(410)
  })
})

describe('flow control and feedback', () => {
  test('credit holds a reader back, and lets it go on', async () => {
    const backend = talking()
    await using started = await startNative(stage.api, { model: backend.model })
    await using limited = await attachNative(`${started.location}?reader=phone`)
    await readUntil(limited, 'opened')
    const ack = (cursor: string, credit: number) =>
      askJson(`${started.location}/ack`, { method: 'POST', body: { reader: 'phone', cursor, credit } })
    expect(await ack(`${started.id}.1.0`, 2)).toMatchObject({ status: 200, value: { readers: 1 } })
    await backend.say('a', 'b', 'c', 'd', 'e')
    await backend.finish()
    await readUntil(started, 'end')
    const held: string[] = []
    while (textOf(held.map((data) => ({ event: 'text', data, id: undefined }))) !== 'ab')
      held.push((await readUntil(limited, 'text')).at(-1)!.data)
    const next = readUntil(limited, 'end')
    // Absolute: what was granted before is granted still, and no more.
    await ack(`${started.id}.1.1`, 1)
    await ack(`${started.id}.1.2`, 100)
    expect(textOf(await next)).toBe('cde')
    expect((await ack('x', 1)).status).toBe(400)
    expect((await askJson(`${started.location}/ack`, { method: 'POST', body: { reader: 'phone' } })).status).toBe(400)
  })

  test('send: 202 while it runs, 409 after its end', async () => {
    const { url, finish, started } = await running()
    expect((await askJson(`${url}/send`, { method: 'POST', body: { approve: true } })).status).toBe(202)
    await finish()
    await readUntil(started, 'end')
    const late = await askJson(`${url}/send`, { method: 'POST', body: { approve: true } })
    expect(late).toMatchObject({ status: 409, value: { code: 'SLUICE_ERR_ALREADY_ENDED' } })
  })
})
