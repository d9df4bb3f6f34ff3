import { afterEach, describe, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig } from '../rig/socket-rig.ts'
import { PIECES, say } from '../rig/sources.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

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
})
