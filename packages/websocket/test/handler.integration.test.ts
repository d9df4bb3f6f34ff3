import type { SourceContext } from '@sluice/core'
import { afterEach, describe, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig, textOf } from './rig/socket-rig.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

const PIECES = Array.from({ length: 50 }, (_, index) => `${index}·👩🏽‍🚀 `)
const say = (): string[] => PIECES

/** A source that says one piece, then what is told to it, then the rest. */
async function* conversing({ inbox, signal }: SourceContext): AsyncGenerator<string> {
  yield 'first'
  for await (const message of inbox) {
    if (message === 'stop' || signal.aborted) break
    yield JSON.stringify(message)
  }
}

describe('a socket', () => {
  test('contract 1: starts a stream and reads the whole of it, every message with its stream, ref and cursor', async () => {
    rig = await startRig({ run: () => say })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: { prompt: 'hi' } })
    const end = await client.hear('end')
    const { stream } = await client.hear('opened')
    expect(end).toMatchObject({ stream, ref: 'a', reason: 'stop', complete: true })
    expect(client.text('a')).toBe(PIECES.join(''))
    for (const message of client.heard) {
      expect(message).toMatchObject({ stream, ref: 'a', cursor: expect.stringContaining(`${stream}.`) as string })
    }
    expect(client.ws.readyState).toBe(client.ws.OPEN)
  })

  test('gives the runner the body, the principal and the request', async () => {
    const asked: unknown[] = []
    rig = await startRig({
      run(body, { principal, request, bearer }) {
        asked.push({ body, principal, path: request.url, bearer })
        return { source: () => ['x'], key: 'chat', meta: { topic: 'bees' } }
      },
    })
    const client = await SocketClient.open(`${rig.url}chat`, { headers: { authorization: 'Bearer t0ken' } })
    client.say({ type: 'start', ref: 'a', body: { prompt: 'hi' } })
    expect(await client.hear('opened')).toMatchObject({ meta: { topic: 'bees' } })
    await client.hear('end')
    expect(asked).toEqual([{ body: { prompt: 'hi' }, principal: { owner: 'ada' }, path: '/chat', bearer: 't0ken' }])
  })

  test('takes what the client says of its stream out of the body, as HTTP does; what the application says wins', async () => {
    const bodies: unknown[] = []
    rig = await startRig({
      run: (body) => (bodies.push(body), body['own'] ? { source: () => ['x'], key: 'own' } : () => ['x']),
    })
    const client = await SocketClient.open(rig.url)
    const sluice = { key: 'chat', ifRunning: 'attach', onDisconnect: 'continue', meta: { topic: 'bees' } }
    const wishes = { ids: true, maxDelayMs: 20, maxTokens: 8 }
    client.say({ type: 'start', ref: 'a', body: { prompt: 'hi', sluice: { ...sluice, ...wishes } } })
    expect(await client.hear('opened')).toMatchObject({ meta: { topic: 'bees' } })
    const { stream } = await client.hear('end')
    client.say({ type: 'start', ref: 'b', body: { own: true, sluice } })
    const other = await client.hear('end', ({ ref }) => ref === 'b')
    expect(bodies).toEqual([{ prompt: 'hi' }, { own: true }])
    const keyOf = async (id: string) => (await rig!.sluice.info({ id }, { as: { owner: 'ada' } })).key
    expect([await keyOf(stream), await keyOf(other.stream)]).toEqual(['chat', 'own'])
  })

  test.each([
    [{ maxDelay: 5 }, 'The field "sluice.maxDelay" is not known; known are: key, ifRunning, onDisconnect, meta, ids,'],
    [{ onDisconnect: { graceMs: 3_600_001 } }, 'The field "sluice.onDisconnect" must be "cancel", "continue" or'],
    ['chat', 'The field "sluice" must be an object.'],
  ])('refuses a start that says %j of its stream, and runs nothing', async (sluice, message) => {
    rig = await startRig({ run: () => () => Promise.reject(new Error('never')) })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: { sluice } })
    expect(await client.hear('refused')).toMatchObject({
      ref: 'a',
      code: 'SLUICE_ERR_REQUEST',
      message: expect.stringContaining(message) as string,
    })
    expect([rig.sluice.stats().producing, rig.errors]).toEqual([0, []])
  })

  test('an attach says of its reading what a query does, and nothing of how a stream is started', async () => {
    rig = await startRig({ run: () => say })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    const { stream } = await client.hear('end')
    client.say({ type: 'attach', ref: 'b', stream, sluice: { ids: true, maxDelayMs: 20, maxTokens: 8 } })
    await client.hear('end', ({ ref }) => ref === 'b')
    expect(client.text('b')).toBe(PIECES.join(''))
    client.say({ type: 'attach', ref: 'c', stream, sluice: { onDisconnect: 'cancel' } })
    expect(await client.hear('refused')).toMatchObject({
      ref: 'c',
      message:
        'The field "sluice.onDisconnect" is about starting a stream, and this is about one that there is; ' +
        'known are: ids, maxDelayMs, maxTokens.',
    })
  })

  test('a start that is sent again with its idempotency key joins the stream it began, and no other', async () => {
    let sources = 0
    rig = await startRig({
      run: () => () => {
        sources++
        return PIECES
      },
    })
    const heard: string[] = []
    for (const [ref, n, body] of [
      ['a', 1, { x: 1, y: 2 }],
      ['b', 1, { y: 2, x: 1 }],
      ['c', 2, { x: 1, y: 2 }],
    ] as const) {
      const client = await SocketClient.open(rig.url)
      client.say({ type: 'start', ref, body, idempotencyKey: `key ${n}` })
      const { stream } = await client.hear('end')
      expect(client.text(ref)).toBe(PIECES.join(''))
      heard.push(stream)
    }
    expect(heard[1]).toBe(heard[0])
    expect(heard[2]).not.toBe(heard[0])
    expect(sources).toBe(2)
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'd', body: { x: 2 }, idempotencyKey: 'key 1' })
    expect(await client.hear('refused')).toMatchObject({ ref: 'd', code: 'SLUICE_ERR_IDEMPOTENCY_MISMATCH' })
  })

  test('carries many streams at once, each whole', async () => {
    rig = await startRig({
      run: ({ n }) =>
        async function* () {
          for (let index = 0; index < 30; index++) {
            await new Promise((resolve) => setImmediate(resolve))
            yield `${String(n)}:${index} `
          }
        },
    })
    const client = await SocketClient.open(rig.url)
    for (let n = 0; n < 40; n++) client.say({ type: 'start', ref: `r${n}`, body: { n } })
    for (let n = 0; n < 40; n++) await client.hear('end', ({ ref }) => ref === `r${n}`)
    for (let n = 0; n < 40; n++) {
      expect(client.text(`r${n}`)).toBe(Array.from({ length: 30 }, (_, index) => `${n}:${index} `).join(''))
    }
  })

  test('contract 1: attaches by id, by cursor and by key, and goes on after the cursor', async () => {
    rig = await startRig({ run: () => ({ source: say, key: 'chat' }) })
    const stream = await rig.sluice.start(conversing, { as: { owner: 'ada' }, key: 'talk' })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'attach', ref: 'id', stream: stream.id })
    client.say({ type: 'attach', ref: 'key', key: 'talk' })
    const { cursor } = await client.hear('text', ({ ref }) => ref === 'id')
    client.say({ type: 'attach', ref: 'cursor', cursor })
    client.say({ type: 'attach', ref: 'now', stream: stream.id, after: 'now' })
    await client.hear('opened', ({ ref }) => ref === 'now')
    client.say({ type: 'send', ref: 'id', message: { more: 1 } })
    expect(await client.hear('sent')).toEqual({ type: 'sent', ref: 'id', stream: stream.id })
    client.say({ type: 'send', stream: stream.id, message: 'stop' })
    for (const ref of ['id', 'key', 'cursor', 'now']) await client.hear('end', (message) => message.ref === ref)
    expect(['id', 'key', 'cursor', 'now'].map((ref) => client.text(ref))).toEqual([
      'first{"more":1}',
      'first{"more":1}',
      '{"more":1}',
      '{"more":1}',
    ])
  })

  test('contract 3: a reading that begins after the end is told the end once more', async () => {
    rig = await startRig()
    const stream = await rig.sluice.start(say, { as: { owner: 'ada' } })
    await stream.ended
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'attach', ref: 'late', cursor: stream.cursor })
    expect(await client.hear('end')).toMatchObject({ ref: 'late', reason: 'stop', cursor: stream.cursor })
    expect(client.heard.map(({ type }) => type)).toEqual(['opened', 'end'])
  })

  test('contract 8: cancels by ref before the source has said anything, and by id a stream it does not read', async () => {
    const aborted: string[] = []
    const hanging = ({ signal }: SourceContext): AsyncIterable<string> => {
      signal.addEventListener('abort', () => aborted.push('yes'))
      return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
    }
    rig = await startRig({ run: () => hanging })
    const other = await rig.sluice.start(hanging, { as: { owner: 'ada' } })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    client.say({ type: 'cancel', ref: 'a' })
    client.say({ type: 'cancel', ref: 'c2', stream: other.id })
    expect(await client.hear('end')).toMatchObject({ ref: 'a', reason: 'cancelled', cause: 'client' })
    expect(await client.hear('cancelled', ({ ref }) => ref === 'c2')).toMatchObject({
      stream: other.id,
      end: { reason: 'cancelled' },
    })
    await expect.poll(() => aborted.length).toBe(2)
  })

  test('contract 9: leaves a reading without ending its stream', async () => {
    rig = await startRig()
    const stream = await rig.sluice.start(conversing, { as: { owner: 'ada' } })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'attach', ref: 'a', stream: stream.id })
    await client.hear('text')
    client.say({ type: 'detach', ref: 'a' })
    expect(await client.hear('detached')).toMatchObject({ ref: 'a', stream: stream.id })
    expect(stream.end).toBeUndefined()
    client.say({ type: 'detach', ref: 'a' })
    expect(await client.hear('refused')).toMatchObject({ ref: 'a', code: 'SLUICE_ERR_NOT_FOUND' })
  })

  test('contract 9: a socket that goes is a disconnect, at once', async () => {
    rig = await startRig({ run: () => ({ source: conversing, onDisconnect: 'cancel' }) })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    const { stream: id } = await client.hear('opened')
    const stream = await rig.sluice.attach({ id }, { as: 'server' })
    client.ws.terminate()
    expect(await stream.ended).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
  })

  test('contract 12: what is forbidden and what is unknown are refused alike', async () => {
    rig = await startRig()
    const theirs = await rig.sluice.start(say, { as: { owner: 'bob' } })
    const client = await SocketClient.open(rig.url)
    const unknown = `${theirs.id.slice(0, -1)}${theirs.id.endsWith('0') ? '1' : '0'}`
    for (const stream of [theirs.id, unknown]) {
      for (const type of ['attach', 'cancel', 'send'] as const) {
        const from = client.heard.length
        client.say({ type, ref: type, stream, ...(type === 'send' && { message: 1 }) })
        const { code, message } = await client.hear('refused', () => true, from)
        expect([code, message]).toEqual(['SLUICE_ERR_NOT_FOUND', 'There is no such stream, or it is not yours.'])
      }
    }
  })

  test('refuses, typed and without closing, what cannot be carried out', async () => {
    rig = await startRig(
      {
        run: ({ fail }) => {
          if (fail === true) throw new Error('secret')
          return conversing
        },
        limits: { maxStreams: 2 },
      },
      { limits: { startsPerSecond: 1, startBurst: 2 } },
    )
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    client.say({ type: 'start', ref: 'a', body: {} })
    client.say({ type: 'start', ref: 'b', body: { fail: true } })
    await client.hear('refused', ({ ref }) => ref === 'b')
    client.say({ type: 'start', ref: 'c', body: {} })
    client.say({ type: 'attach', ref: 'd', cursor: 'no such.thing' })
    client.say({ type: 'ping', ref: 'p' })
    await client.hear('pong')
    const refused = client.heard.filter((message) => message.type === 'refused')
    expect(refused.map(({ ref, code }) => [ref, code])).toEqual(
      expect.arrayContaining([
        ['a', 'SLUICE_ERR_REQUEST'],
        ['b', 'SLUICE_ERR_INTERNAL'],
        ['d', 'SLUICE_ERR_TOO_MANY_STREAMS'],
      ]),
    )
    expect(JSON.stringify(client.heard)).not.toContain('secret')
    expect(rig.errors).toEqual([expect.objectContaining({ message: 'secret' })])
    client.say({ type: 'detach', ref: 'c' })
    await client.hear('detached')
    client.say({ type: 'start', ref: 'e', body: {} })
    const { retryAfterMs } = await client.hear('refused', ({ code }) => code === 'SLUICE_ERR_RATE')
    expect(retryAfterMs).toBeGreaterThan(0)
  })
})

describe('beside HTTP', () => {
  test('contract 1: what began on a socket is resumed over SSE, and the other way round', async () => {
    rig = await startRig({ run: () => conversing })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    const { cursor, stream } = await client.hear('text')
    client.ws.terminate()
    const response = await fetch(`${rig.http}/streams/${stream}`, { headers: { 'last-event-id': cursor! } })
    await rig.sluice.send({ id: stream }, 'two', { as: 'server' })
    await rig.sluice.send({ id: stream }, 'stop', { as: 'server' })
    const sse = await response.text()
    expect(sse.match(/data: \{"text":(.*)\}/)?.[1]).toBe('"\\"two\\""')
    const second = await SocketClient.open(rig.url)
    const middle = /id: (\S+)\nevent: text/.exec(sse)![1]!
    second.say({ type: 'attach', ref: 'b', cursor: middle })
    expect(await second.hear('end')).toMatchObject({ stream, reason: 'stop' })
    expect(second.of('b').map(({ type }) => type)).toEqual(['opened', 'end'])
    second.say({ type: 'attach', ref: 'c', stream })
    await second.hear('end', ({ ref }) => ref === 'c')
    expect(textOf(second.of('c'))).toBe('first"two"')
  })

  test('contract 7: a socket acks, feeds and cancels a stream whose data flows over SSE', async () => {
    rig = await startRig()
    const stream = await rig.sluice.start(conversing, { as: { owner: 'ada' } })
    const client = await SocketClient.open(rig.url)
    const response = await fetch(`${rig.http}/streams/${stream.id}?reader=page`)
    client.say({ type: 'ack', cursor: stream.id, credit: 1, reader: 'page' })
    client.say({ type: 'send', stream: stream.id, message: 1 })
    await client.hear('sent')
    client.say({ type: 'cancel', stream: stream.id })
    expect(await client.hear('cancelled')).toMatchObject({ stream: stream.id, end: { reason: 'cancelled' } })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let body = ''
    while (!body.includes('"first"')) body += (await reader.read()).value ?? ''
    expect(body).not.toContain('data: {"text":"1"}')
    // What was said before the end is still withheld, and the end after it: credit lets both through.
    client.say({ type: 'ack', cursor: stream.id, credit: 10, reader: 'page' })
    for (let read = await reader.read(); !read.done; read = await reader.read()) body += read.value
    expect(body).toContain('data: {"text":"1"}')
    expect(body).toContain('event: end')
  })
})
