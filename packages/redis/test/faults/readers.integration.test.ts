import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'

let server: RedisServer
beforeAll(async () => void (server = await startRedisServer()))
afterAll(() => server.close())

/** A number from 0 up to `below`, the same in every run. */
function createDice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

async function scriptsRun(): Promise<number> {
  return (await server.commandsProcessed()).get('evalsha') ?? 0
}

describe('many readers', () => {
  test('F38: 200 readers at random offsets, on two instances: each gets its exact suffix (contract 1, 3)', async () => {
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const dice = createDice(7)
    const started = await a.count({ tokens: 2_000, everyMs: 1 })
    const { id } = started
    const readings: [Reading, from: number][] = []
    const tail = await b.read({ id })
    for (let index = 0; index < 200; index++) {
      const instance = dice(2) ? a : b
      await tail.reached(5 * index)
      // Not past what B has: a cursor that nobody was given.
      const from = dice(tail.tokens + 1)
      readings.push([await instance.read({ id }, { after: `${id}.${from ? 1 : 0}.${from}`, from }), from])
    }
    const [before, tokens] = [await scriptsRun(), tail.tokens]
    const end = await tail.ended()
    for (const [reading, from] of readings) {
      expect(await reading.ended()).toEqual(end)
      expect(reading.text).toBe(textBetween(from, 2_000))
    }
    // However many readers two instances have, Redis sees the appends, and now and then word of who reads.
    expect((await scriptsRun()) - before).toBeLessThan(2_000 - tokens + 100)
  })

  test('F39: each cursor has its answer, on the producing instance, another, and after the end (contract 2)', async () => {
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    await using c = new Instance({ url: server.url })
    const tap = new Tap()
    const started = await a.start(tap.source, { windowBytes: 1_024, retentionBytes: 8_192, maxEventBytes: 256 })
    const { id } = started
    const other = (await a.start(new Tap().source)).id
    const readers = [new Reading(started, 0), await b.read({ id })]
    for (let count = 0; count < 4_000; count += 50) {
      tap.pour(50)
      await Promise.all(readers.map((reading) => reading.reached(tap.poured)))
    }
    const table: [after: string, answer: number | string][] = [
      [`${id}.1.4000`, 'at its end'],
      ['now', 'at its end'],
      [`${id}.1.3990`, textBetween(3_990, 4_000)],
      [`${id}.1.4001`, 409],
      [`${id}.2.4000`, 409],
      [`${id}.1.${2 ** 53 - 1}`, 409],
      [`${id}.1.5`, 410],
      [`${id}.1.${2 ** 53}`, 400],
      [`${id}.1.18446744073709551616`, 400],
      [`${id}.1.-1`, 400],
      [`${id}.1.NaN`, 400],
      [`${id}.1`, 400],
      ['', 400],
      [`${other}.1.0`, 400],
      ['x'.repeat(1_000_000), 400],
    ]
    const ask = async (instance: Instance, after: string): Promise<Reading | number> => {
      const from = Number(after.split('.').at(-1))
      return instance
        .read({ id }, { after, from: after === 'now' ? 4_000 : from })
        .catch((error: { status: number }) => error.status)
    }
    for (const instance of [a, b, c]) {
      for (const [after, answer] of table) {
        const asked = await ask(instance, after)
        if (typeof answer === 'number') expect([after.slice(0, 60), asked]).toEqual([after.slice(0, 60), answer])
        else if (asked instanceof Reading) {
          if (answer !== 'at its end') await asked.reached(10)
          expect(asked.text).toBe(answer === 'at its end' ? '' : answer)
          asked.leave()
        } else throw new Error(`${after} on ${[a, b, c].indexOf(instance)}: ${asked}`)
      }
    }
    await b.sluice.cancel({ id }, { as: 'server' })
    for (const instance of [a, b, c]) {
      for (const [after, answer] of table) {
        // The end has the next seq, in the next epoch.
        if (after === `${id}.1.4001`) continue
        const asked = await ask(instance, after)
        if (typeof answer === 'number') expect([after.slice(0, 60), asked]).toEqual([after.slice(0, 60), answer])
        else if (asked instanceof Reading && after !== 'now')
          expect(await asked.ended()).toMatchObject({ reason: 'cancelled' })
      }
      expect(await ask(instance, `${id}.1.4001`)).toBe(409)
      const stream = await instance.sluice.attach({ cursor: `${id}.2.4001` }, { as: 'server' })
      expect(stream.exhausted).toBe(true)
    }
    expect(await a.read({ id: 'unknown' }).catch((error: { status: number }) => error.status)).toBe(404)
    await a.sluice.erase({ id }, { as: 'server' })
    for (const instance of [a, b, c]) expect(await ask(instance, `${id}.1.3990`)).toBe(410)
  })

  test('F40: attached in the very moment in which backlog becomes live: no gap, no duplicate (contract 1)', async () => {
    await using a = new Instance({ url: server.url })
    const dice = createDice(3)
    for (let round = 0; round < 100; round++) {
      // Fresh every time: its first attach looks, subscribes and looks again while the source speaks.
      await using b = new Instance({ url: server.url })
      await b.store.ready()
      const tap = new Tap()
      const { id } = await a.start(tap.source)
      tap.pour(dice(20))
      const turns = dice(12)
      const attaching = Promise.all([b.read({ id }), b.read({ id })])
      for (let turn = 0; turn < 60; turn++) {
        tap.pour(1 + dice(2))
        if (turn >= turns) await new Promise((resolve) => setImmediate(resolve))
      }
      tap.finish()
      for (const reading of await attaching) {
        expect(await reading.ended()).toMatchObject({ reason: 'stop' })
        expect(reading.text).toBe(textBetween(0, tap.poured))
      }
    }
  })
})
