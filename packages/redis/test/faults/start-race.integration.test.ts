import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { ProducerProcess } from './rig/producer-process.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'

describe.concurrent('two begin the same stream at once', () => {
  test('F20: of one key: one source runs, all read its stream (contract 5)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    await Promise.all([a.store.ready(), b.store.ready()])
    for (let round = 0; round < 50; round++) {
      const tap = new Tap()
      const key = `chat ${round}`
      const started = await Promise.all([a, b, a, b].map((instance) => instance.start(tap.source, { key })))
      expect(new Set(started.map(({ id }) => id)).size).toBe(1)
      expect(started.filter(({ attached }) => !attached)).toHaveLength(1)
      tap.pour(10)
      tap.finish()
      const readings = started.map((stream) => new Reading(stream, 0))
      await Promise.all(readings.map((reading) => reading.ended()))
      for (const { text } of readings) expect(text).toBe(textBetween(0, 10))
      expect(tap.runs).toBe(1)
    }
    const metas = (await server.command('KEYS', 'sluice:{*}')) as string[]
    expect(metas).toHaveLength(50)
  })

  test('F20: of one key, refusing: the loser is told so, and its source never called (contract 5)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    for (let round = 0; round < 20; round++) {
      const tap = new Tap()
      const options = { key: `chat ${round}`, ifRunning: 'refuse' } as const
      const outcomes = await Promise.allSettled([a.start(tap.source, options), b.start(tap.source, options)])
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
      expect(refused).toMatchObject([{ reason: { code: 'SLUICE_ERR_KEY_RUNNING', status: 409 } }])
      expect(tap.runs).toBe(1)
      tap.finish()
    }
  })

  test('F20: of one key, replacing: at most one runs at the end, the others are `replaced` (contract 3, 5)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const options = { key: 'chat', ifRunning: 'cancel' } as const
    const taps = Array.from({ length: 8 }, () => new Tap())
    const started = await Promise.all(taps.map((tap, index) => (index % 2 ? a : b).start(tap.source, options)))
    const live = await a.sluice.info({ key: 'chat' }, { as: 'server' })
    const others = started.filter(({ id }) => id !== live.id)
    expect(others).toHaveLength(7)
    for (const other of others) expect(await other.ended).toMatchObject({ reason: 'cancelled', cause: 'replaced' })
    expect(live.status).not.toBe('ended')
  })

  test('F20: of one idempotency key, in two processes: one stream (contract 5)', async () => {
    await using server = await startRedisServer()
    await using one = new ProducerProcess({ store: { url: server.url } })
    await using other = new ProducerProcess({ store: { url: server.url } })
    const options = { idempotency: { key: 'once', fingerprint: 'same' } }
    const ids = await Promise.all(
      [one, other, one, other].map((each) => each.count({ tokens: 50, everyMs: 1 }, options)),
    )
    expect(new Set(ids).size).toBe(1)
    await using c = new Instance({ url: server.url })
    const reading = await c.read({ id: ids[0]! })
    expect(await reading.ended()).toMatchObject({ reason: 'stop' })
    expect(reading.text).toBe(textBetween(0, 50))
    expect(one.report.runs.length + other.report.runs.length).toBe(1)
    const mismatched = one.count({ tokens: 1, everyMs: 0 }, { idempotency: { key: 'once', fingerprint: 'another' } })
    await expect(mismatched).rejects.toMatchObject({ code: 'SLUICE_ERR_IDEMPOTENCY_MISMATCH' })
    await one.leaveAll()
    await other.leaveAll()
  })
})
