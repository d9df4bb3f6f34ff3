import { describe, expect, test } from 'vitest'

import { nowUs } from '../../process/clock.ts'
import { fatTextOf } from '../../traffic/fixtures.ts'
import { Round, type Shape } from '../../traffic/source.ts'

async function textOfSource(shape: Shape, stream = 0): Promise<{ text: string; round: Round }> {
  const round = new Round({ main: shape }, stream + 1)
  let text = ''
  for await (const token of round.sourceAt(`/main/${stream}`)()) text += token
  return { text, round }
}

describe('a paced source', () => {
  test('notes when a token was due, whatever its reader does', async () => {
    const round = new Round({ main: { tokens: 5, tokensPerSecond: 1_000, due: true } }, 1)
    const tokens = round.sourceAt('/main/0')()
    await tokens.next()
    const resumedUs = await busyFor(20)
    for await (const token of tokens) void token
    const [first, ...rest] = round.yieldedUs
    expect(rest.map((atUs, index) => Math.round(atUs - first! - 1_000 * (index + 1)))).toEqual([0, 0, 0, 0])
    expect(Math.max(...rest)).toBeLessThan(resumedUs)
  })

  test('gives what is late at once, or one in a turn', async () => {
    const turns = async (lateInTurn: boolean): Promise<number> => {
      const tokens = new Round({ main: { tokens: 30, tokensPerSecond: 1_000, lateInTurn } }, 1).sourceAt('/main/0')()
      await tokens.next()
      await busyFor(50)
      let passed = 0
      let isOver = false
      const count = (): void => {
        if (isOver) return
        passed++
        setImmediate(count)
      }
      setImmediate(count)
      for await (const token of tokens) void token
      isOver = true
      return passed
    }
    expect(await turns(false)).toBeLessThan(3)
    expect(await turns(true)).toBeGreaterThan(20)
  })

  test('may give tokens of 4 KiB', async () => {
    const { text, round } = await textOfSource({ tokens: 6, tokensPerSecond: 1_000, burst: 3, fat: true })
    expect(text).toBe(fatTextOf(0, 6))
    expect(round.pulledBytes).toBe(text.length)
  })
})

describe('a source that is watched', () => {
  const shape: Shape = { tokens: 1_000, tokensPerSecond: 500, watchesSignal: true }

  test('notes its signal', async () => {
    const round = new Round({ main: shape }, 1)
    const controller = new AbortController()
    const tokens = round.sourceAt('/main/0')({ signal: controller.signal })
    await tokens.next()
    expect(round.abortedUs[0]).toBe(0)
    controller.abort()
    expect(round.abortedUs[0]).toBeGreaterThan(0)
  })

  test('notes that nobody wants its next token, once', async () => {
    const round = new Round({ main: shape }, 1)
    for await (const token of round.sourceAt('/main/0')()) if (token !== '') break
    const atUs = round.abortedUs[0]!
    expect(atUs).toBeGreaterThan(0)
    const tokens = round.sourceAt('/main/0')()
    await tokens.return()
    expect(round.abortedUs[0]).toBe(atUs)
  })

  test('that is read to its end was not stopped', async () => {
    const { round } = await textOfSource({ ...shape, tokens: 3 })
    expect(round.abortedUs[0]).toBe(0)
  })
})

/** Keeps the event loop busy; gives when it was over. */
async function busyFor(ms: number): Promise<number> {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
  await Promise.resolve()
  return nowUs()
}
