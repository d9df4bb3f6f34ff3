import { type Meddling, type RedisServer, ReplyMeddler, startRedisServer, startReplicated } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'

interface Meddled {
  server: RedisServer
  meddler: ReplyMeddler
  /** Redis through the meddler … */
  a: Instance
  /** … and without it. */
  b: Instance
}

async function withMeddler(run: (meddled: Meddled) => Promise<void>): Promise<void> {
  await using server = await startRedisServer()
  await using meddler = await ReplyMeddler.start(server.port)
  await using a = new Instance({ url: meddler.url })
  await using b = new Instance({ url: server.url })
  await Promise.all([a.store.ready(), b.store.ready()])
  await run({ server, meddler, a, b })
}

const MEDDLINGS: readonly Meddling[] = ['swallow', 'double', 'swap', 'delay']

/** Whether it answers an append. */
const isAppended = (reply: string): boolean => reply.includes('*1\r\n$2\r\nok\r\n')
/** Whether it tells what Redis has of a stream. */
const isRecord = (reply: string): boolean => reply.includes('$5\r\nfacts\r\n')

async function storedText(server: RedisServer, id: string): Promise<string> {
  const stored = (await server.command('XRANGE', `sluice:{0::${id}}:log`, '-', '+')) as [string, string[]][]
  const events = stored.flatMap(([, [, payload]]) => (JSON.parse(payload!) as unknown[]).slice(2))
  return events.filter((event) => typeof event === 'string').join('')
}

describe.concurrent.each(MEDDLINGS)('a reply of Redis, on a connection that lives on: %s', (meddling) => {
  test('contract 1 and 5: of an append: each stream has its own events, once, here, elsewhere and in Redis', () =>
    withMeddler(async ({ server, meddler, a, b }) => {
      const taps = Array.from({ length: 5 }, () => new Tap())
      const streams = await Promise.all(taps.map(({ source }) => a.start(source)))
      const readings = streams.map((stream) => new Reading(stream, 0))
      for (const { id } of streams) readings.push(await b.read({ id }))
      for (let round = 0; round < 5; round++) {
        const meddled = meddler.meddle(meddling, isAppended)
        // Of different lengths, so that their positions differ.
        for (const [index, tap] of taps.entries()) tap.pour(1 + index)
        await meddled
        await Promise.all(readings.map((reading, index) => reading.reached(taps[index % 5]!.poured)))
      }
      for (const tap of taps) tap.finish()
      const ends = await Promise.all(readings.map((reading) => reading.ended()))
      for (const [index, { text, id }] of readings.entries()) {
        expect(text).toBe(textBetween(0, taps[index % 5]!.poured))
        expect(await storedText(server, id)).toBe(text)
        expect(ends[index]).toMatchObject({ reason: 'stop', complete: true })
      }
      expect(a.aborted).toEqual([])
    }))

  test.each([false, true])(
    'contract 3: of the append of the end, and the connection breaks then (%s): that was the end, here and elsewhere, once',
    (breaks) =>
      withMeddler(async ({ server, meddler, a, b }) => {
        const tap = new Tap()
        const started = await a.start(tap.source)
        const readings = [new Reading(started, 0), await b.read({ id: started.id })]
        tap.pour(5)
        await Promise.all(readings.map((reading) => reading.reached(5)))
        const meddled = meddler.meddle(meddling, isAppended)
        tap.finish()
        await meddled
        if (breaks) meddler.cut()
        const ends = await Promise.all(readings.map((reading) => reading.ended()))
        expect(ends[0]).toMatchObject({ reason: 'stop', complete: true })
        expect(ends[1]).toEqual(ends[0])
        await a.settlementOf(started.id)
        expect(a.settled).toHaveLength(1)
        const stored = (await server.command('XRANGE', `sluice:{0::${started.id}}:log`, '-', '+')) as [
          string,
          string[],
        ][]
        expect(stored.filter(([, [, payload]]) => payload!.includes('"type":"end"'))).toHaveLength(1)
        expect(readings.map(({ closed }) => closed)).toEqual([undefined, undefined])
      }),
  )

  test('contract 1 and 12: of a look-up: each reader gets the stream that it asked for', () =>
    withMeddler(async ({ meddler, a, b }) => {
      const names = Array.from({ length: 6 }, (_, index) => `chat ${index}`)
      const streams = await Promise.all(
        names.map((key, index) => b.count({ tokens: 200 + index, everyMs: 10 }, { key })),
      )
      const readings: Reading[] = []
      for (const choice of [
        isRecord,
        (reply: string) => streams.some(({ id }) => reply.includes(`$${id.length}\r\n${id}\r\n`)),
      ]) {
        const meddled = meddler.meddle(meddling, choice)
        const attached = await Promise.allSettled(names.map((key) => a.read({ key })))
        await meddled
        for (const [index, attempt] of attached.entries()) {
          if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'SLUICE_ERR_STORE' })
          else {
            expect(attempt.value.id).toBe(streams[index]!.id)
            readings.push(attempt.value)
          }
        }
      }
      readings.push(...(await Promise.all(names.map((key) => a.read({ key })))))
      for (const reading of readings) {
        expect(await reading.ended()).toMatchObject({ reason: 'stop', complete: true })
        expect(reading.text).toBe(textBetween(0, 200 + streams.findIndex(({ id }) => id === reading.id)))
      }
    }))

  test('contract 1, 3 and 8: of anything, again and again: all read the same text, and the same end', () =>
    withMeddler(async ({ meddler, a, b }) => {
      const streams = await Promise.all(
        Array.from({ length: 12 }, (_, index) => (index % 2 ? a : b).count({ tokens: 1e6, everyMs: 10 })),
      )
      const [here, elsewhere] = await Promise.all(
        [a, b].map((at) => Promise.all(streams.map(({ id }) => at.read({ id })))),
      )
      const readings = [...here!, ...elsewhere!]
      for (let round = 0; round < 6; round++) {
        let passed = 0
        await meddler.meddle(meddling, () => passed++ === round)
        const before = readings.map(({ tokens }) => tokens)
        await Promise.all(readings.map((reading, index) => reading.reached(before[index]! + 10)))
      }
      for (const { id } of streams) {
        const meddled = meddler.meddle(meddling)
        const [cancel] = await Promise.allSettled([a.sluice.cancel({ id }, { as: 'server' }), meddled])
        if (cancel.status === 'fulfilled') continue
        expect(cancel.reason).toMatchObject({ code: 'SLUICE_ERR_STORE' })
        // What became of it is not known; it may be asked again.
        await b.sluice.cancel({ id }, { as: 'server' })
      }
      const ends = await Promise.all(readings.map((reading) => reading.ended()))
      for (const [index] of streams.entries()) {
        expect(ends[index]).toMatchObject({ reason: 'cancelled', cause: 'client' })
        expect(ends[index + streams.length]).toEqual(ends[index])
        expect(here![index]!.text).toBe(elsewhere![index]!.text)
      }
    }))

  test('contract 11: of what asks replicas: nothing is shown that they do not have', async () => {
    await using redis = await startReplicated()
    await using meddler = await ReplyMeddler.start(redis.primary.port)
    await using a = new Instance({ url: meddler.url })
    await a.store.ready()
    const taps = Array.from({ length: 3 }, () => new Tap())
    const options = { durability: { replicas: 1 } }
    const readings = await Promise.all(taps.map(async ({ source }) => new Reading(await a.start(source, options), 0)))
    // Each reply in its turn: to the appends, to the questions to replicas, to the confirmations.
    for (let nth = 0; nth < 9; nth++) {
      let seen = 0
      const meddled = meddler.meddle(meddling, () => seen++ === nth)
      for (const tap of taps) tap.pour(1)
      await meddled
      await Promise.all(readings.map((reading) => reading.reached(nth + 1)))
    }
    for (const tap of taps) tap.finish()
    const ends = await Promise.all(readings.map((reading) => reading.ended()))
    expect(ends.map(({ reason }) => reason)).toEqual(['stop', 'stop', 'stop'])
    await redis.caughtUp()
    for (const { id, text } of readings) expect(await storedText(redis.replicas[0]!, id)).toBe(text)
  })
})
