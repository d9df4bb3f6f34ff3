import { within } from '@sluice/testing/patience'
import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { countConnections } from './rig/connections.ts'
import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'

describe.concurrent('Redis is killed and comes back', () => {
  test('F1: kill -9 with AOF and restart: the streams go on, every reader has the source’s text (contract 1, 3)', async () => {
    await using server = await startRedisServer({ appendOnly: true })
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const started = await a.count({ tokens: 600, everyMs: 2 })
    const local = new Reading(started, 0)
    const remote = await b.read({ id: started.id })
    await Promise.all([local.reached(100), remote.reached(100)])
    const connections = await countConnections(server)
    await server.restart()
    const late = await b.read({ id: started.id }, { after: remote.cursor, from: remote.tokens })
    const ends = await Promise.all([local.ended(), remote.ended(), late.ended()])
    expect(local.text).toBe(textBetween(0, 600))
    expect(remote.text).toBe(textBetween(0, 600))
    expect(textBetween(0, 600).endsWith(late.text)).toBe(true)
    expect(ends[0]).toMatchObject({ reason: 'stop', complete: true })
    expect(ends).toEqual([ends[0], ends[0], ends[0]])
    expect(await countConnections(server)).toBe(connections)
    const { text } = await a.settlementOf(started.id)
    expect(text).toBe(textBetween(0, 600))
    expect(a.aborted).toEqual([])
  })

  test('F1: a stream that waits through the restart keeps its lease, and ends when its source does (contract 4)', async () => {
    await using server = await startRedisServer({ appendOnly: true })
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const tap = new Tap()
    const { id } = await a.start(tap.source)
    tap.pour(10)
    const remote = await b.read({ id })
    await remote.reached(10)
    await server.kill()
    tap.pour(10)
    await server.restart()
    await remote.reached(20)
    tap.finish()
    expect(await remote.ended()).toMatchObject({ reason: 'stop', complete: true })
    expect(remote.tokens).toBe(20)
  })

  test.for([
    { when: 'while its source speaks', everyMs: 5 },
    { when: 'while its source is silent', everyMs: 60_000 },
  ])(
    'F2: kill -9 and restart empty, $when: all are told within 10 s, nothing comes back (contract 2, 5)',
    async ({ everyMs }) => {
      await using server = await startRedisServer()
      await using a = new Instance({ url: server.url })
      await using b = new Instance({ url: server.url })
      const tap = new Tap()
      const started = await a.start(tap.source)
      tap.pour(50)
      const local = new Reading(started, 0)
      const remote = await b.read({ id: started.id })
      await Promise.all([local.reached(50), remote.reached(50)])
      await server.restart({ empty: true })
      const pouring = setInterval(() => tap.pour(1), everyMs)
      try {
        expect(await Promise.all([local.cut(10_000), remote.cut(10_000)])).toEqual(['storage', 'storage'])
        await a.abortOf(started.id, 10_000)
      } finally {
        clearInterval(pouring)
      }
      expect(local.tokens).toBeGreaterThanOrEqual(50)
      expect(remote.tokens).toBe(50)
      expect(local.text.startsWith(remote.text)).toBe(true)
      const keys = (await server.command('KEYS', `*${started.id}*`)) as string[]
      expect(keys).toEqual([])
      await expect(b.sluice.info({ id: started.id }, { as: 'server' })).rejects.toMatchObject({
        code: 'SLUICE_ERR_NOT_FOUND',
      })
      expect(a.settled).toEqual([])
      expect(a.sluice.stats()).toMatchObject({ producing: 0, delivering: 0 })
    },
  )

  test('F2: `ended` of a stream that the store has lost settles all the same (contract 4)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    const started = await a.start(new Tap().source)
    await server.restart({ empty: true })
    expect(await within(started.ended, 'its end')).toMatchObject({
      reason: 'interrupted',
      cause: 'storage',
      complete: false,
    })
  })
})
