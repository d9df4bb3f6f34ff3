import { createSluice, type StreamResult, type TokenStream } from '@sluice/core'
import { isSettled, until, untilStill } from '@sluice/testing/patience'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Engine } from '../engine.ts'
import { startCreditReader } from './rig/credit-reader.ts'
import { openTinyEngine } from './rig/tiny-engine.ts'

/** The one that runs when the cancel comes, and one that the source had asked for. */
const STEPS_AFTER_CANCEL = 2
const WINDOW_BYTES = 4096
const ROUNDS = 20
const SLOTS = 2
const ENDLESS = 1_000_000
const as = { owner: 'ada' }

let engine: Engine
const sluice = createSluice({ stream: { windowBytes: WINDOW_BYTES }, limits: { startBurst: 1_000 } })

beforeAll(async () => {
  engine = await openTinyEngine(SLOTS)
})
afterAll(() => engine[Symbol.asyncDispose]())

function ask(prompt: string, maxTokens = ENDLESS): Promise<TokenStream> {
  return sluice.start(({ signal }) => engine.generate({ prompt, maxTokens, signal }), { as })
}

/** An answer without an end, that is read as fast as it comes. Resolves once it is decoded. */
async function talk(): Promise<{ stream: TokenStream; result: Promise<StreamResult> }> {
  const before = engine.decoded
  const stream = await ask('the river')
  const result = stream.result()
  await until(() => engine.decoded > before + 10, 'it is decoded')
  return { stream, result }
}

const cancel = (stream: TokenStream) => sluice.cancel({ id: stream.id }, { as })

/** Takes all slots. */
async function fill(): Promise<TokenStream[]> {
  const running: TokenStream[] = []
  while (running.length < SLOTS) {
    running.push((await talk()).stream)
    await until(() => engine.freeSlots === SLOTS - running.length, 'one slot fewer is free')
  }
  return running
}

const allFree = () => until(() => engine.freeSlots === SLOTS, 'all slots are free')

describe('a model in this process', () => {
  test('says the same on the same prompt, word by word, and gives its slot back', async () => {
    const [one, other] = [await (await ask('the river', 50)).text(), await (await ask('the river', 50)).text()]
    expect(one).toBe(other)
    expect(one).toMatch(/^[a-z]+( [a-z]+){49}$/)
    await allFree()
  })

  test('contract 8: a cancel frees the sequence, and at most two steps are decoded after it', async () => {
    const after: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const { stream, result } = await talk()
      expect(engine.freeSlots).toBe(SLOTS - 1)
      const before = engine.decoded
      await cancel(stream)
      await allFree()
      after.push(engine.decoded - before)
      expect((await result).end).toMatchObject({ reason: 'cancelled', complete: false })
    }
    expect(Math.max(...after), `steps after each cancel: ${after.join()}`).toBeLessThanOrEqual(STEPS_AFTER_CANCEL)
    const stands = engine.decoded
    expect(await untilStill(() => engine.decoded)).toBe(stands)
  })

  test('a request that found no slot takes the one that a cancel frees', async () => {
    const running = await fill()
    const text = (await ask('the sea', 5)).text()
    expect(await isSettled(text)).toBe(false)
    await cancel(running[0]!)
    expect(await text).toMatch(/^[a-z]+( [a-z]+){4}$/)
    await cancel(running[1]!)
    await allFree()
  })

  test('a request that is cancelled while it waits takes none', async () => {
    const running = await fill()
    const waiting = await ask('the sea')
    const result = waiting.result()
    await cancel(waiting)
    expect(await result).toMatchObject({ text: '', end: { reason: 'cancelled' } })
    for (const stream of running) await cancel(stream)
    await allFree()
  })

  test('contract 7: a reader without credit stops the decoding at the window, and credit sets it going again', async () => {
    await using reader = await startCreditReader({ sluice, engine, as })
    await reader.start({ credit: 1 })
    const stands = await untilStill(() => reader.decodedBytes, { above: WINDOW_BYTES / 2 })
    // What the reader has been given, the window, and the token that went over it.
    expect(stands).toBeLessThanOrEqual(reader.givenBytes + WINDOW_BYTES + reader.longestBytes)
    expect(engine.freeSlots).toBe(SLOTS - 1)
    const stood = engine.decoded
    reader.grant(ENDLESS)
    await until(() => engine.decoded > stood + 100 && reader.givenBytes > stands, 'it is decoded again, and read')
    reader.cancel()
    await allFree()
  })
})
