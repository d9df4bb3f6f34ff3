import type { EndEvent } from '@sluice/core'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { ownTimeMs } from '@sluice/testing/patience'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { countTokens, textBetween } from './rig/text.ts'

const AS = { as: 'server' } as const
const CANCELLED = { type: 'end', reason: 'cancelled', cause: 'client', complete: false }

let server: RedisServer
let a: Instance
let b: Instance
beforeAll(async () => {
  server = await startRedisServer()
  a = new Instance({ url: server.url })
  b = new Instance({ url: server.url })
  await Promise.all([a.store.ready(), b.store.ready()])
})
afterAll(async () => {
  await a[Symbol.asyncDispose]()
  await b[Symbol.asyncDispose]()
  await server.close()
})

describe('cancel, from any instance', () => {
  test('F33: twice, here and there, at once and later: one end, told to all (contract 3, 8)', async () => {
    const tap = new Tap()
    const started = await a.start(tap.source)
    const { id } = started
    tap.pour(20)
    const readings = [new Reading(started, 0), await b.read({ id })]
    await Promise.all(readings.map((reading) => reading.reached(20)))
    const infos = await Promise.all([b, a, b, a].map(({ sluice }) => sluice.cancel({ id }, AS)))
    infos.push(await b.sluice.cancel({ id }, AS), await a.sluice.cancel({ id }, AS))
    const ends = await Promise.all(readings.map((reading) => reading.ended()))
    expect(ends[0]).toMatchObject({ ...CANCELLED, usage: { outputTokens: 20, estimated: true } })
    expect(ends[1]).toEqual(ends[0])
    for (const info of infos) expect(info).toMatchObject({ status: 'ended', end: ends[0], cursor: infos[0]!.cursor })
    expect(await started.cancel()).toEqual(ends[0])
    await a.settlementOf(id)
    expect(a.settled.filter((result) => result.id === id)).toHaveLength(1)
    expect(a.aborted.filter((aborted) => aborted === id)).toHaveLength(1)
  })

  test('F33: after the end: the end there was (contract 3)', async () => {
    const started = await a.count({ tokens: 5, everyMs: 0 })
    const { id } = started
    expect(await started.ended).toMatchObject({ reason: 'stop', complete: true })
    for (const { sluice } of [a, b])
      expect(await sluice.cancel({ id }, AS)).toMatchObject({
        status: 'ended',
        end: { reason: 'stop', complete: true },
      })
    expect(await (await b.read({ id })).ended()).toMatchObject({ reason: 'stop', complete: true })
  })

  test('F33: before the first token: nothing but the end (contract 3, 8)', async () => {
    const { id } = await a.start(new Tap().source)
    const remote = await b.read({ id })
    await b.sluice.cancel({ id }, AS)
    expect(await remote.ended()).toMatchObject(CANCELLED)
    expect(remote.text).toBe('')
    await a.abortOf(id)
  })

  test('F33: of an unknown or malformed id: 404 on every instance', async () => {
    const { id } = await a.count({ tokens: 1, everyMs: 0 })
    const unknown = id.split('').toReversed().join('')
    for (const { sluice } of [a, b])
      for (const wrong of [unknown, 'x', ''])
        await expect(sluice.cancel({ id: wrong }, AS)).rejects.toMatchObject({
          code: 'SLUICE_ERR_NOT_FOUND',
          status: 404,
        })
  })

  test('F34: racing completion from another instance, 300 times: one end, the same for all (contract 3)', async () => {
    const reasons = new Set<string>()
    for (let round = 0; round < 300; round++) {
      const tap = new Tap()
      const started = await a.start(tap.source)
      const { id } = started
      const readings = [new Reading(started, 0), await b.read({ id })]
      tap.pour(3)
      if (round % 3 === 0) await Promise.all(readings.map((reading) => reading.reached(3)))
      const cancelling = b.sluice.cancel({ id }, AS)
      for (let turn = 0; turn < round % 7; turn++) await new Promise((resolve) => setImmediate(resolve))
      tap.finish()
      const [info, ...ends] = await Promise.all([cancelling, ...readings.map((reading) => reading.ended())])
      expect(ends).toEqual([info.end, info.end])
      expect(await started.ended).toEqual(info.end)
      expect(readings[0]!.text).toBe(readings[1]!.text)
      expect((await a.settlementOf(id)).end).toEqual(info.end)
      if (info.end!.complete) expect(countTokens(readings[0]!.text)).toBe(3)
      reasons.add(info.end!.reason)
    }
    expect([...reasons].toSorted()).toEqual(['cancelled', 'stop'])
  })

  test('F35: on B: the source on A is aborted within 250 ms (contract 8)', async () => {
    const tookMs: number[] = []
    for (let round = 0; round < 100; round++) {
      const { id } = await a.count({ tokens: 1e9, everyMs: 5 })
      const fromMs = ownTimeMs()
      const cancelled = b.sluice.cancel({ id }, AS)
      await a.abortOf(id)
      tookMs.push(ownTimeMs() - fromMs)
      await cancelled
    }
    expect(tookMs.toSorted((one, other) => one - other)[98]).toBeLessThan(250)
  })

  test('F35: what the source gives after the cancel is neither stored nor shown (contract 8)', async () => {
    let go!: () => void
    const held = new Promise<void>((resolve) => (go = resolve))
    const started = await a.start(async function* () {
      yield textBetween(0, 10)
      await held
      for (let index = 10; index < 1_000; index++) yield textBetween(index, index + 1)
    })
    const { id } = started
    const readings = [new Reading(started, 0), await b.read({ id })]
    await Promise.all(readings.map((reading) => reading.reached(10)))
    const { cursor } = await b.sluice.cancel({ id }, AS)
    go()
    const ends = await Promise.all(readings.map((reading) => reading.ended()))
    for (const end of ends) expect(end satisfies EndEvent).toMatchObject(CANCELLED)
    await a.settlementOf(id)
    for (const reading of [...readings, await b.read({ id })]) {
      await reading.ended()
      expect(reading.text).toBe(textBetween(0, 10))
    }
    expect((await b.sluice.info({ id }, AS)).cursor).toBe(cursor)
  })

  test('F36: while a resume replays: the replay ends with the `cancelled` end, whole (contract 1, 3)', async () => {
    for (let round = 0; round < 10; round++) {
      const tap = new Tap()
      const started = await a.start(tap.source, { windowBytes: 1_000_000, retentionBytes: 4_000_000 })
      const { id } = started
      tap.pour(20_000)
      const local = new Reading(started, 0)
      await local.reached(20_000)
      await using c = new Instance({ url: server.url })
      const [replayed] = await Promise.all([
        c.read({ id }, { after: `${id}.1.${100 * round}`, from: 100 * round }),
        b.sluice.cancel({ id }, AS),
      ])
      expect(await replayed.ended()).toMatchObject(CANCELLED)
      expect(replayed.text).toBe(textBetween(100 * round, 20_000))
      expect(replayed.end).toEqual(await local.ended())
    }
  })
})
