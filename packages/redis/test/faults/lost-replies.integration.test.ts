import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { ReplyThief } from './rig/reply-thief.ts'
import { eventually } from './rig/watched.ts'
import { textBetween } from './rig/text.ts'

interface Lossy {
  server: RedisServer
  thief: ReplyThief
  /** Redis through the thief … */
  a: Instance
  /** … and without it. */
  b: Instance
}

async function withLossy(run: (lossy: Lossy) => Promise<void>): Promise<void> {
  await using server = await startRedisServer()
  await using thief = await ReplyThief.start(server.port)
  await using a = new Instance({ url: thief.url })
  await using b = new Instance({ url: server.url })
  await a.store.ready()
  await run({ server, thief, a, b })
}

/** Whether an append is answered in it; other answers may travel along. */
const isAppended = (reply: string): boolean => reply.includes('*1\r\n$2\r\nok\r\n')

describe.concurrent('a reply of Redis is lost', () => {
  test('F12: of an append: one copy is stored and delivered (contract 1, 5)', () =>
    withLossy(async ({ server, thief, a, b }) => {
      const tap = new Tap()
      const started = await a.start(tap.source)
      const [local, remote] = [new Reading(started, 0), await b.read({ id: started.id })]
      tap.pour(1)
      await Promise.all([local.reached(1), remote.reached(1)])
      for (let round = 0; round < 10; round++) {
        const stolen = thief.steal(isAppended)
        tap.pour(1)
        await stolen
        await Promise.all([local.reached(tap.poured), remote.reached(tap.poured)])
      }
      tap.finish()
      expect(await Promise.all([local.ended(), remote.ended()])).toMatchObject([{ reason: 'stop' }, { reason: 'stop' }])
      const text = textBetween(0, tap.poured)
      expect([local.text, remote.text, (await b.sluice.transcript({ id: started.id }, { as: 'server' })).text]).toEqual(
        [text, text, text],
      )
      const stored = (await server.command('XRANGE', `sluice:{0::${started.id}}:log`, '-', '+')) as [string, string[]][]
      expect(
        stored
          .flatMap(([, [, payload]]) => (JSON.parse(payload!) as unknown[]).slice(2))
          .slice(0, -1)
          .join(''),
      ).toBe(text)
    }))

  test('F12: of the append of the end: one end (contract 3)', () =>
    withLossy(async ({ thief, a, b }) => {
      const tap = new Tap()
      const started = await a.start(tap.source)
      const [local, remote] = [new Reading(started, 0), await b.read({ id: started.id })]
      tap.pour(5)
      await Promise.all([local.reached(5), remote.reached(5)])
      const stolen = thief.steal(isAppended)
      tap.finish()
      await stolen
      const ends = await Promise.all([local.ended(), remote.ended()])
      expect(ends[0]).toMatchObject({ reason: 'stop', complete: true })
      expect(ends[1]).toEqual(ends[0])
      expect([local.tokens, remote.tokens]).toEqual([5, 5])
      await a.settlementOf(started.id)
      expect(a.settled).toHaveLength(1)
    }))

  test('F12: of a begin: one stream, under its key and its idempotency key (contract 5)', () =>
    withLossy(async ({ server, thief, a, b }) => {
      const tap = new Tap()
      const ids = new Set<string>()
      // Each reply of a begin in its turn: to the look at its names, to the meta, to the claim of each name, to the rest.
      for (let nth = 1; nth <= 6; nth++) {
        let seen = 0
        const stolen = thief.steal(() => ++seen === nth)
        const names = { key: `chat ${nth}`, idempotency: { key: `once ${nth}`, fingerprint: 'x' } }
        const started = await a.start(tap.source, names)
        ids.add(started.id)
        await stolen
        expect((await a.start(tap.source, names)).id).toBe(started.id)
        expect((await b.start(tap.source, { key: names.key })).id).toBe(started.id)
      }
      expect(ids.size).toBe(6)
      expect(tap.runs).toBe(6)
      const metas = (await server.command('KEYS', 'sluice:{*}')) as string[]
      expect(metas).toHaveLength(6)
    }))

  test('F12: of a close: what is acknowledged is the one end (contract 3, 8)', () =>
    withLossy(async ({ thief, a, b }) => {
      const tap = new Tap()
      const started = await b.start(tap.source)
      tap.pour(5)
      const local = new Reading(started, 0)
      const remote = await a.read({ id: started.id })
      await Promise.all([local.reached(5), remote.reached(5)])
      // The reply to the script, not what it published.
      const stolen = thief.steal((reply) => reply.includes('*4\r\n$2\r\nok') && reply.includes('cancelled'))
      const info = await a.sluice.cancel({ id: started.id }, { as: 'server' })
      await stolen
      const ends = await Promise.all([local.ended(), remote.ended()])
      expect(ends[0]).toMatchObject({ reason: 'cancelled', cause: 'client' })
      expect(ends[1]).toEqual(ends[0])
      expect(info.end).toEqual(ends[0])
      expect(b.aborted).toEqual([started.id])
    }))

  test('F12: of a send: the source gets one copy', () =>
    withLossy(async ({ thief, a, b }) => {
      const got: unknown[] = []
      const started = await b.start(async function* ({ inbox }) {
        for await (const message of inbox) {
          got.push(message)
          yield String(message)
        }
      })
      const send = (message: string): Promise<void> => a.sluice.send({ id: started.id }, message, { as: 'server' })
      await send('first')
      const stolen = thief.steal((reply) => reply.includes('$2\r\nok\r\n'))
      await send('second')
      await stolen
      await send('last')
      await eventually('the last message', () => got.includes('last'))
      expect(got).toEqual(['first', 'second', 'last'])
    }))
})
