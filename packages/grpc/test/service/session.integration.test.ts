import { once } from 'node:events'

import type { ChunkingPolicy, SourceContext } from '@sluice/core'
import { SessionRequestSchema } from '@sluice/grpc/v1'
import { untilStill } from '@sluice/testing/patience'
import { afterEach, describe, expect, test } from 'vitest'

import { beginCall, encode, openSession } from '../rig/http2-client.ts'
import { kinds, type Message, saying, sayingForEver, summary } from '../rig/rig.ts'
import { endTalks, talkTo } from '../rig/talk.ts'

afterEach(endTalks)

describe('a session', () => {
  test('contract 1: carries several readings at a time, each with an end of its own, and closes when all are over', async () => {
    const { talk } = await talkTo({
      byInput: ({ word }) => saying(...Array.from({ length: 20 }, () => `${String(word)} `)),
    })
    for (const [index, word] of ['a', 'b', 'c'].entries())
      talk.call.write({ stream: index + 1, start: { input: { fields: { word: { stringValue: word } } } } })
    talk.call.end()
    expect(await talk.status).toMatchObject({ code: 0 })
    expect([1, 2, 3].map((stream) => talk.text(stream))).toEqual(['a '.repeat(20), 'b '.repeat(20), 'c '.repeat(20)])
    for (const stream of [1, 2, 3]) {
      const last = talk.of(stream).at(-1)!
      expect(kinds(last['events'] as unknown as Message[]).at(-1)).toBe('end')
      expect(last['over']).toMatchObject({ code: 0 })
    }
  })

  test('is open before anything is asked', async () => {
    const { talk } = await talkTo(saying('x'))
    const head = new Promise((resolve) => talk.call.once('metadata', resolve))
    await head
    talk.call.end()
    expect(await talk.status).toMatchObject({ code: 0 })
    expect(kinds(summary(talk.answers).events)).toEqual(['heartbeat'])
  })

  test('contract 10: gives no more events than there is credit, and goes on where more comes', async () => {
    const { talk } = await talkTo(saying(...'abcdefgh'))
    talk.call.write({ stream: 1, start: { credit: 3 } })
    await talk.said(1, 'abc')
    const { cursor } = summary(talk.of(1))
    talk.call.write({ stream: 1, credit: { cursor, events: 2 } })
    await talk.said(1, 'abcde')
    // Absolute: the same again changes nothing.
    talk.call.write({ stream: 1, credit: { cursor, events: 2 } })
    talk.call.write({ stream: 1, credit: { cursor: 'x.1.1', events: 2 } })
    expect(await talk.refused(1)).toMatchObject({ code: 3 })
    await untilStill(() => talk.text(1).length)
    expect(talk.text(1)).toBe('abcde')
    talk.call.write({ stream: 1, credit: { cursor, events: 100 } })
    expect(await talk.over(1)).toMatchObject({ code: 0 })
    expect(talk.text(1)).toBe('abcdefgh')
  })

  test('tells the policy of the reading what the client has measured, where that can be', async () => {
    const seen: unknown[] = []
    const chunking: ChunkingPolicy = {
      name: 'seeing',
      maxDelayMs: 50,
      take({ rttMs, paintRate }) {
        seen.push({ rttMs, paintRate })
        return Infinity
      },
    }
    async function* source({ signal }: SourceContext) {
      yield [...'abcdefgh']
      await once(signal, 'abort')
    }
    const { talk } = await talkTo(source, { server: { reader: { chunking } } })
    talk.call.write({ stream: 1, start: { credit: 3 } })
    await talk.said(1, 'abc')
    const { cursor } = summary(talk.of(1))
    talk.call.write({ stream: 1, credit: { cursor, events: 2, paintRate: -1 } })
    expect(await talk.refused(1)).toMatchObject({ code: 3, message: expect.stringContaining('"paint_rate"') as string })
    expect(seen).not.toContainEqual({ rttMs: 80.5, paintRate: 30 })
    talk.call.write({ stream: 1, credit: { cursor, events: 2, rttMs: 80.5, paintRate: 30 } })
    await talk.said(1, 'abcde')
    expect(seen.at(-1)).toEqual({ rttMs: 80.5, paintRate: 30 })
  })

  test('hands messages to the source while it runs', async () => {
    const { talk } = await talkTo(async function* ({ inbox }) {
      yield 'ask: '
      for await (const message of inbox) {
        yield JSON.stringify(message)
        return
      }
    })
    talk.call.write({ stream: 1, start: {} })
    await talk.said(1, 'ask: ')
    talk.call.write({ stream: 1, send: { structValue: { fields: { yes: { boolValue: true } } } } })
    expect(await talk.over(1)).toMatchObject({ code: 0 })
    expect(talk.text(1)).toBe('ask: {"yes":true}')
  })

  test('contract 8: cancel ends a stream, detach only its reading', async () => {
    const cut = Promise.withResolvers<void>()
    const { talk, sluice } = await talkTo(sayingForEver('x', cut.resolve))
    talk.call.write({ stream: 1, start: { key: 'one' } })
    talk.call.write({ stream: 2, attach: { ref: { key: 'one' } } })
    await talk.said(1, 'x')
    await talk.said(2, 'x')
    talk.call.write({ stream: 2, detach: {} })
    expect(await talk.over(2)).toMatchObject({ code: 1, reason: '' })
    expect((await sluice.info({ key: 'one' }, { as: 'server' })).status).toBe('running')
    talk.call.write({ stream: 1, cancel: {} })
    expect(await talk.over(1)).toMatchObject({ code: 1, reason: 'SLUICE_ERR_CANCELLED' })
    await cut.promise
  })

  test('contract 9: leaving the call is leaving its readings', async () => {
    const cut = Promise.withResolvers<void>()
    const { talk } = await talkTo(sayingForEver('x', cut.resolve), { sluice: { stream: { onDisconnect: 'cancel' } } })
    talk.call.write({ stream: 1, start: {} })
    await talk.said(1, 'x')
    talk.call.cancel()
    await cut.promise
  })

  test('says what is wrong with a request, and goes on', async () => {
    const { talk } = await talkTo(saying('fine'), { server: { maxSessionReadings: 2 } })
    talk.call.write({ stream: 0, start: {} })
    expect(await talk.refused(0)).toMatchObject({ code: 3 })
    talk.call.write({ stream: 7, cancel: {} })
    expect(await talk.refused(7)).toMatchObject({ code: 5, reason: 'SLUICE_ERR_NOT_FOUND' })
    talk.call.write({ stream: 8, attach: { ref: { id: 'nobody' } } })
    expect(await talk.over(8)).toMatchObject({ code: 5 })
    talk.call.write({ stream: 1, start: { credit: 0 } })
    talk.call.write({ stream: 1, start: {} })
    expect(await talk.refused(1)).toMatchObject({ code: 3 })
    talk.call.write({ stream: 2, start: { credit: 0 } })
    talk.call.write({ stream: 3, start: {} })
    expect(await talk.over(3)).toMatchObject({ code: 8, reason: 'SLUICE_ERR_TOO_MANY_STREAMS' })
    talk.call.write({ stream: 1, detach: {} })
    await talk.over(1)
    talk.call.write({ stream: 4, start: {} })
    expect(await talk.over(4)).toMatchObject({ code: 0 })
    expect(talk.text(4)).toBe('fine')
  })

  test('contract 7: a client that reads nothing stops every source within window and caps', async () => {
    let pulled = 0
    const { url, sluice } = await talkTo(async function* () {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve))
        pulled += 1_000
        yield 'x'.repeat(1_000)
      }
    })
    const session = openSession(url, { initialWindowSize: 65_535 })
    // grpc-js reads ahead on duplex calls, however long it is paused.
    const call = beginCall(session, 'Session', Buffer.concat([start(1), start(2)]))
    call.pause()
    const { windowBytes } = sluice.streamOptions
    await untilStill(() => pulled, { above: 2 * windowBytes })
    const { queueBytes, maxChunkBytes } = sluice.readerOptions
    // The window of the call, what its two queues hold, and each stream's own window.
    expect(pulled).toBeLessThanOrEqual(65_535 + 2 * (queueBytes + maxChunkBytes) + 2 * (windowBytes + 1_000))
    expect(sluice.stats().delivering).toBe(2)
    session.destroy()
  })

  test('contracts 2 and 6: a client that does not read is told so for each reading, and the call is not OK', async () => {
    const tokens = Array.from({ length: 300 }, () => 'x'.repeat(1_000))
    let attached = 0
    const observers = [{ attached: () => void attached++ }]
    const { url, sluice } = await talkTo(saying(...tokens), { sluice: { reader: { stallMs: 300 }, observers } })
    const session = openSession(url, { initialWindowSize: 65_535 })
    const call = session.request({
      ':method': 'POST',
      ':path': '/sluice.v1.TokenStreamService/Session',
      'content-type': 'application/grpc',
    })
    // It has not said that it asks no more.
    call.on('error', () => {}).write(Buffer.concat([start(1), start(2)]))
    const body: Buffer[] = []
    call.on('data', (piece: Buffer) => body.push(piece)).pause()
    let status: unknown
    call.on('trailers', (trailers) => (status = trailers['grpc-status']))
    await expect.poll(() => attached).toBe(2)
    await expect.poll(() => sluice.stats().delivering).toBe(0)
    call.resume()
    await new Promise((resolve) => call.on('end', resolve))
    expect(status).toBe('14')
    expect(
      Buffer.concat(body)
        .toString('latin1')
        .match(/stalled\), the stream perhaps not/g),
    ).toHaveLength(2)
    session.destroy()
  })
})

function start(stream: number): Buffer {
  return encode(SessionRequestSchema, { stream, request: { case: 'start', value: {} } })
}
