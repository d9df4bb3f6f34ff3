import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { ProducerProcess } from './rig/producer-process.ts'
import { Reading } from './rig/reading.ts'
import { eventually } from './rig/watched.ts'

const DISCONNECTED = { type: 'end', reason: 'cancelled', cause: 'disconnect', complete: false }

let server: RedisServer
beforeAll(async () => void (server = await startRedisServer()))
afterAll(() => server.close())

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Instance A with a stream of 10 tokens, and instance B with its only reader. */
async function withReaderOnB(
  onDisconnect: 'cancel' | 'continue' | { graceMs: number },
  run: (parts: { a: Instance; b: Instance; tap: Tap; id: string; reader: Reading }) => Promise<void>,
): Promise<void> {
  await using a = new Instance({ url: server.url })
  await using b = new Instance({ url: server.url })
  const tap = new Tap()
  const { id } = await a.start(tap.source, { onDisconnect })
  tap.pour(10)
  const reader = await b.read({ id })
  await reader.reached(10)
  await run({ a, b, tap, id, reader })
}

describe.concurrent('the last reader anywhere has gone', () => {
  test('F37: from B, `cancel`: the source on A is aborted at once (contract 9)', () =>
    withReaderOnB('cancel', async ({ a, b, id, reader }) => {
      reader.leave()
      await a.abortOf(id, 1_000)
      expect(await (await b.read({ id })).ended()).toMatchObject(DISCONNECTED)
    }))

  test('F37: from B, `continue`: the stream goes on to its end (contract 9)', () =>
    withReaderOnB('continue', async ({ a, b, tap, id, reader }) => {
      reader.leave()
      await sleep(500)
      tap.pour(10)
      tap.finish()
      expect((await a.settlementOf(id)).end).toMatchObject({ reason: 'stop', complete: true })
      const late = await b.read({ id })
      await late.ended()
      expect(late.tokens).toBe(20)
    }))

  test('F37: from B, grace: it ends after that, not before (contract 9)', () =>
    withReaderOnB({ graceMs: 1_000 }, async ({ a, id, reader }) => {
      reader.leave()
      const fromMs = performance.now()
      await a.abortOf(id, 2_500)
      expect(performance.now() - fromMs).toBeGreaterThan(950)
    }))

  test('F37: back within grace, on another instance: the stream stays (contract 9)', () =>
    withReaderOnB({ graceMs: 1_000 }, async ({ a, b, tap, id, reader }) => {
      await using c = new Instance({ url: server.url })
      let { cursor } = reader
      reader.leave()
      for (const instance of [c, a, b, c]) {
        await sleep(700)
        const again = await instance.read({ id }, { after: cursor, from: tap.poured })
        tap.pour(10)
        await again.reached(10)
        cursor = again.cursor
        again.leave()
      }
      expect(a.aborted).toEqual([])
      await a.abortOf(id, 2_500)
    }))

  test('F37: readers on two instances: the first to leave ends nothing (contract 9)', () =>
    withReaderOnB('cancel', async ({ a, tap, id, reader }) => {
      await using c = new Instance({ url: server.url })
      const other = await c.read({ id })
      await other.reached(10)
      // A has heard of both.
      await eventually(
        'two instances read',
        async () => (await server.command('HLEN', `sluice:{0::${id}}:readers`)) === 2,
      )
      reader.leave()
      await sleep(500)
      tap.pour(10)
      await other.reached(20)
      expect(a.aborted).toEqual([])
      other.leave()
      await a.abortOf(id, 1_000)
    }))

  test('F37: a reader that moves from A to B in the moment in which grace expires keeps its stream, or is told its end (contract 2, 9)', async () => {
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const graceMs = 400
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const tap = new Tap()
        const started = await a.start(tap.source, { onDisconnect: { graceMs } })
        const { id } = started
        tap.pour(10)
        const here = new Reading(started, 0)
        await here.reached(10)
        here.leave()
        // From well within grace to just after it.
        await sleep(graceMs * (0.3 + (0.75 * index) / 60))
        const moved = await b
          .read({ id }, { after: here.cursor, from: 10 })
          .catch((error: { status?: number }) => error)
        if (!(moved instanceof Reading)) throw moved
        // Whoever came first: the close, or word of the new reader.
        await eventually('word of the new reader, or an end', async () => {
          if (moved.over) return true
          return Number(await server.command('HLEN', `sluice:{0::${id}}:readers`)) > 0
        })
        if (moved.over || (await server.command('HEXISTS', `sluice:{0::${id}}`, 'end')) === 1) {
          expect(await moved.ended()).toMatchObject(DISCONNECTED)
          return 'ended'
        }
        // Kept: not for a moment only.
        await sleep(3 * graceMs)
        tap.pour(10)
        await moved.reached(10)
        expect(moved.over).toBe(false)
        return 'kept'
      }),
    )
    expect(outcomes.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 'kept'))
  })

  test('F37: kill -9 of B: its readers are missed when its word has run out (contract 9)', async () => {
    await using a = new Instance({ url: server.url })
    await using b = new ProducerProcess({ store: { url: server.url } })
    const tap = new Tap()
    const { id } = await a.start(tap.source, { onDisconnect: { graceMs: 500 } })
    tap.pour(10)
    const reading = await b.read(id)
    await b.reading(reading, ({ text }) => text.length > 0)
    await b.kill()
    const fromMs = performance.now()
    await a.abortOf(id, 16_000)
    expect(performance.now() - fromMs).toBeGreaterThan(5_000)
  })

  test('F37: a reader that stays is not lost, however long it is silent (contract 9)', () =>
    withReaderOnB('cancel', async ({ a, tap, reader }) => {
      // Longer than any word of presence holds.
      await sleep(14_000)
      expect(a.aborted).toEqual([])
      tap.pour(10)
      await reader.reached(20)
    }))

  test('F37: grace expires while Redis is silent: it ends when Redis answers, and nobody is stormed meanwhile (contract 4, 9)', async () => {
    await using silent = await startRedisServer()
    await using a = new Instance({ url: silent.url, commandMs: 500 })
    const tap = new Tap()
    const started = await a.start(tap.source, { onDisconnect: { graceMs: 200 } })
    const reader = new Reading(started, 0)
    tap.pour(10)
    await reader.reached(10)
    const before = (await silent.commandsProcessed()).get('evalsha') ?? 0
    await silent.pause()
    reader.leave()
    await sleep(3_000)
    silent.resume()
    await a.abortOf(started.id, 3_000)
    const calls = ((await silent.commandsProcessed()).get('evalsha') ?? 0) - before
    expect(calls).toBeLessThan(50)
  })
})
