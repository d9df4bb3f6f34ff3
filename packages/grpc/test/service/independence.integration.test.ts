import type { ChunkingPolicy } from '@sluice/core'
import { SessionRequestSchema } from '@sluice/grpc/v1'
import { untilStill } from '@sluice/testing/patience'
import { afterEach, describe, expect, test } from 'vitest'

import { beginCall, encode, openSession } from '../rig/http2-client.ts'
import { hear, open, saying, sayingForEver, summary } from '../rig/rig.ts'
import { endTalks, talkTo } from '../rig/talk.ts'

afterEach(endTalks)

const start = (input: object = {}): object => ({ input: { fields: input } })
const SLOW = { slow: { boolValue: true } }

/** A server whose runner does not answer where it is asked for something slow, until it is let. */
async function withSlowRunner(options: { maxSessionReadings?: number } = {}) {
  const go = Promise.withResolvers<void>()
  let runs = 0
  const made = await talkTo(saying('x'), {
    server: {
      ...options,
      run: async ({ slow }) => {
        runs++
        if (slow) await go.promise
        return slow ? sayingForEver('late ') : saying('hello')
      },
    },
  })
  return { ...made, go: go.resolve, runs: () => runs }
}

describe('a reading whose runner is slow to start', () => {
  test('contract 6: holds up no start, cancel, credit or refusal of another', async () => {
    const { talk, go } = await withSlowRunner()
    for (const stream of [1, 2]) talk.call.write({ stream, start: start(SLOW) })
    for (const request of [{ cancel: {} }, { send: { stringValue: 'm' } }, { credit: { cursor: 'x.1.1', events: 1 } }])
      talk.call.write({ stream: 1, ...request })
    talk.call.write({ stream: 3, start: { ...start(), credit: 0 } })
    talk.call.write({ stream: 9, cancel: {} })
    expect(await talk.refused(9)).toMatchObject({ code: 5 })
    await expect.poll(() => talk.of(3).length).toBeGreaterThan(0)
    const id = String(summary(talk.of(3)).events[0]!['opened']!['id'])
    talk.call.write({ stream: 3, credit: { cursor: `${id}.1.0`, events: 10 } })
    expect(await talk.over(3)).toMatchObject({ code: 0 })
    expect([talk.text(3), talk.of(1).length, talk.of(2).length]).toEqual(['hello', 0, 0])
    // What was asked of the slow one is carried out once it is there.
    go()
    expect((await talk.cancelled(1))['end']).toMatchObject({ reason: 'cancelled' })
    expect(await talk.over(1)).toMatchObject({ reason: 'SLUICE_ERR_CANCELLED' })
    await talk.said(2, 'late ')
  })

  test('contract 9: is left at once; its place is free when the runner has answered, its number before', async () => {
    const { talk, go, sluice, runs } = await withSlowRunner({ maxSessionReadings: 1 })
    talk.call.write({ stream: 1, start: start(SLOW) })
    talk.call.write({ stream: 1, detach: {} })
    expect(await talk.over(1)).toMatchObject({ code: 1, reason: '' })
    // Else a client could have any number of runners at work.
    talk.call.write({ stream: 2, start: start() })
    expect(await talk.over(2)).toMatchObject({ code: 8, reason: 'SLUICE_ERR_TOO_MANY_STREAMS' })
    expect(runs()).toBe(1)
    go()
    await expect.poll(() => sluice.stats().producing).toBe(1)
    talk.call.write({ stream: 1, start: start() })
    await talk.said(1, 'hello')
  })

  test('contract 4: is over at the deadline of the first token, as is a call of its own, and its place is free', async () => {
    const { talk, client } = await talkTo(saying('x'), {
      sluice: { stream: { deadlines: { firstTokenMs: 200 } } },
      server: {
        maxSessionReadings: 1,
        run: ({ slow }) => (slow ? new Promise(() => {}) : saying('hello')),
      },
    })
    talk.call.write({ stream: 1, start: start(SLOW) })
    const { status } = await hear(open(client, 'Start', start(SLOW)))
    expect([status.code, status.metadata.get('sluice-code')]).toEqual([4, ['SLUICE_ERR_TIMEOUT']])
    expect(await talk.over(1)).toMatchObject({ code: 4, reason: 'SLUICE_ERR_TIMEOUT' })
    talk.call.write({ stream: 2, start: start() })
    expect(await talk.over(2)).toMatchObject({ code: 0 })
  })

  test('contract 6: keeps a bounded number of messages for its source, and one cancel', async () => {
    const { talk, go } = await withSlowRunner()
    talk.call.write({ stream: 1, start: start(SLOW) })
    for (let at = 0; at < 100; at++) {
      talk.call.write({ stream: 1, send: { stringValue: `${at}` } })
      talk.call.write({ stream: 1, cancel: {} })
    }
    await expect.poll(() => talk.of(1).length).toBe(100 - 64)
    expect(await talk.refused(1)).toMatchObject({ code: 14, reason: 'SLUICE_ERR_OVERLOADED', retryAfterMs: 1_000 })
    // Together they may be as large as one request.
    const large = { stringValue: 'x'.repeat(600_000) }
    for (const stream of [2, 3]) talk.call.write({ stream, start: start(SLOW) })
    for (const stream of [2, 3]) talk.call.write({ stream, send: large })
    expect(await talk.refused(3)).toMatchObject({ reason: 'SLUICE_ERR_OVERLOADED' })
    go()
    await talk.over(1)
    expect(talk.of(1).filter((answer) => answer['cancelled'])).toHaveLength(1)
  })
})

/** Fails for one text alone. */
const brittle: ChunkingPolicy = {
  name: 'brittle',
  maxDelayMs: 60_000,
  take(view) {
    if (view.text().includes('boom')) throw new Error('secret')
    return view.pending
  },
}

test('contracts 2 and 13: a reading whose delivery fails is over INTERNAL, and those beside it go on', async () => {
  const { talk } = await talkTo(
    { byInput: ({ word }) => (word === 'boom' ? sayingForEver('boom') : saying('some ', String(word))) },
    { sluice: { reader: { chunking: brittle } } },
  )
  for (const [index, word] of ['a', 'boom', 'c'].entries())
    talk.call.write({ stream: index + 1, start: start({ word: { stringValue: word } }) })
  expect(await talk.over(2)).toMatchObject({ code: 13 })
  for (const stream of [1, 3]) expect(await talk.over(stream)).toMatchObject({ code: 0 })
  expect([talk.text(1), talk.text(3)]).toEqual(['some a', 'some c'])
  talk.call.end()
  expect(await talk.status).toMatchObject({ code: 0 })
})

describe('what crosses the end of its reading', () => {
  test('contracts 3 and 8: a cancel is answered with the end there is, credit and detach are no errors, a message is refused', async () => {
    const { talk } = await talkTo(saying('all'))
    talk.call.write({ stream: 1, start: { credit: 100 } })
    expect(await talk.over(1)).toMatchObject({ code: 0 })
    const { cursor } = summary(talk.of(1))
    const before = talk.of(1).length
    for (const request of [{ credit: { cursor, events: 10 } }, { detach: {} }, { cancel: {} }])
      talk.call.write({ stream: 1, ...request })
    expect(await talk.cancelled(1)).toMatchObject({ cursor, status: 'STATUS_ENDED', end: { reason: 'stop' } })
    expect(talk.of(1)).toHaveLength(before + 1)
    talk.call.write({ stream: 1, send: { stringValue: 'm' } })
    expect(await talk.refused(1)).toMatchObject({ reason: 'SLUICE_ERR_ALREADY_ENDED' })
  })

  test('contract 6: as many readings are remembered as a session may have', async () => {
    const { talk } = await talkTo(saying('all'), { server: { maxSessionReadings: 2 } })
    for (const stream of [1, 2, 3]) {
      talk.call.write({ stream, start: {} })
      await talk.over(stream)
    }
    for (const stream of [1, 2]) talk.call.write({ stream, cancel: {} })
    await talk.cancelled(2)
    expect(await talk.refused(1)).toMatchObject({ reason: 'SLUICE_ERR_NOT_FOUND' })
  })
})

test('contract 8: all readings of a session whose client reads nothing can be cancelled at once', async () => {
  let pulled = 0
  let cut = 0
  const { url, sluice } = await talkTo(
    async function* ({ signal }) {
      signal.addEventListener('abort', () => cut++)
      while (!signal.aborted) {
        await new Promise((resolve) => setImmediate(resolve))
        pulled++
        yield 'x'.repeat(1_000)
      }
    },
    { sluice: { limits: { streamsPerOwner: 100, startBurst: 100 }, reader: { stallMs: false } } },
  )
  const session = openSession(url, { initialWindowSize: 65_535 })
  const call = session.request({
    ':method': 'POST',
    ':path': '/sluice.v1.TokenStreamService/Session',
    'content-type': 'application/grpc',
  })
  call.on('error', () => {}).pause()
  const all = Array.from({ length: 100 }, (_, index) => index + 1)
  const say = (request: object): void => {
    call.write(Buffer.concat(all.map((stream) => encode(SessionRequestSchema, { stream, request } as never))))
  }
  say({ case: 'start', value: {} })
  await expect.poll(() => sluice.stats().producing).toBe(100)
  await untilStill(() => pulled)
  say({ case: 'cancel', value: {} })
  await expect.poll(() => cut).toBe(100)
  session.destroy()
})

test('contract 6: a client that asks on and on and reads nothing is not listened to', async () => {
  const { url } = await talkTo(saying('x'), { server: { maxSessionReadings: 10 } })
  const session = openSession(url, { initialWindowSize: 1 })
  const nobody = encode(SessionRequestSchema, { stream: 7, request: { case: 'cancel', value: {} } })
  const call = beginCall(session, 'Session', Buffer.concat(Array.from({ length: 200_000 }, () => nobody)))
  call.pause()
  // What it has not been able to send stays with it.
  expect(await untilStill(() => session.socket.bytesWritten, { above: 10_000 })).toBeLessThan(1_000_000)
  session.destroy()
})
