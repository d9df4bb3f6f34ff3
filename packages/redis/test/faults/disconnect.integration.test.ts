import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { quiet } from '@sluice/testing/patience'
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

/** Waits until so many instances read a stream that did not begin it, as far as Redis knows. */
async function readElsewhere(id: string, instances: number): Promise<void> {
  const readers = async (): Promise<unknown> => server.command('HLEN', `sluice:{0::${id}}:readers`)
  await eventually(`${instances} instances read`, async () => (await readers()) === instances)
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
      await readElsewhere(id, 0)
      await quiet()
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
    withReaderOnB({ graceMs: 4_000 }, async ({ a, b, tap, id, reader }) => {
      await using c = new Instance({ url: server.url })
      let { cursor } = reader
      reader.leave()
      for (const instance of [c, a, b, c]) {
        // Together they are longer than the grace.
        await sleep(1_200)
        const again = await instance.read({ id }, { after: cursor, from: tap.poured })
        tap.pour(10)
        await again.reached(10)
        cursor = again.cursor
        again.leave()
      }
      expect(a.aborted).toEqual([])
      await a.abortOf(id, 5_500)
    }))

  test('F37: readers on two instances: the first to leave ends nothing (contract 9)', () =>
    withReaderOnB('cancel', async ({ a, tap, id, reader }) => {
      await using c = new Instance({ url: server.url })
      const other = await c.read({ id })
      await other.reached(10)
      // A has heard of both.
      await readElsewhere(id, 2)
      reader.leave()
      await readElsewhere(id, 1)
      await quiet()
      tap.pour(10)
      await other.reached(20)
      expect(a.aborted).toEqual([])
      other.leave()
      await a.abortOf(id, 1_000)
    }))

  test('F37: a reader that moves from A to B in the moment in which grace expires keeps its stream, or is told its end (contract 2, 9)', async () => {
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const graceMs = 1_000
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const tap = new Tap()
        const started = await a.start(tap.source, { onDisconnect: { graceMs } })
        const { id } = started
        tap.pour(10)
        const here = new Reading(started, 0)
        await here.reached(10)
        // In this process, as the grace is: whatever comes before it is within the grace.
        let within = true
        setTimeout(() => (within = false), 0.9 * graceMs)
        here.leave()
        // From well within grace to just after it.
        await sleep(graceMs * (0.3 + (0.75 * index) / 60))
        const moved = await b
          .read({ id }, { after: here.cursor, from: 10 })
          .catch((error: { status?: number }) => error)
        if (!(moved instanceof Reading)) throw moved
        const early = within
        // Whoever came first: the close, or word of the new reader.
        await eventually('word of the new reader, or an end', async () => {
          if (moved.over) return true
          return Number(await server.command('HLEN', `sluice:{0::${id}}:readers`)) > 0
        })
        if (moved.over || (await server.command('HEXISTS', `sluice:{0::${id}}`, 'end')) === 1) {
          expect(await moved.ended()).toMatchObject(DISCONNECTED)
          return { early, outcome: 'ended' }
        }
        // Kept: not for a moment only.
        await sleep(3 * graceMs)
        tap.pour(10)
        await moved.reached(10)
        expect(moved.over).toBe(false)
        return { early, outcome: 'kept' }
      }),
    )
    const early = outcomes.filter((moved) => moved.early)
    expect(early.length).toBeGreaterThan(0)
    expect(early.filter(({ outcome }) => outcome !== 'kept')).toEqual([])
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
