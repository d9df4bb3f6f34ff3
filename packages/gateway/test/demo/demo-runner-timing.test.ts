import { isSluiceError } from '@sluice/core'
import type { Runtime, SourceItem } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDemoRunner } from '../../src/demo-runner/demo-runner.ts'
import { PASSAGE_NAMES, PASSAGES } from '../../src/demo-runner/passages.ts'
import { ask, bytesOf, contextOf, demo, eventsOf, run, textOf } from './demo-run.ts'

describe('seed', () => {
  test('the same seed gives the same items and delays, with whatever options', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ seed: fc.integer(), n: fc.constantFrom(1, 2), max_tokens: fc.integer({ min: 1, max: 60 }) }),
        fc.record({ reasoning: fc.boolean(), toolCall: fc.boolean(), burst: fc.integer({ min: 1, max: 9 }) }),
        fc.string(),
        async (body, sluice_demo, prompt) => {
          const all = { ...body, sluice_demo, messages: ask(prompt) }
          expect(await run(all)).toEqual(await run(all))
        },
      ),
      { numRuns: 25 },
    )
  })

  test('other seeds give other texts and delays, and the body goes before the runner', async () => {
    const [one, two, body] = await Promise.all([
      run({}, { seed: 1 }),
      run({}, { seed: 2 }),
      run({ seed: 1 }, { seed: 2 }),
    ])
    expect(one.delays).not.toEqual(two.delays)
    expect(body).toEqual(one)
  })
})

describe('times', () => {
  test('by default: first token around 250 ms, then around 25 ms a token, with bursts and pauses', async () => {
    const prompts = Array.from({ length: 40 }, (_, index) => `Prompt ${index}`)
    const runs = await Promise.all(
      prompts.map((prompt) => run({ messages: ask(prompt), sluice_demo: { tokens: 400, text: 'en' } })),
    )
    const firsts = runs.map(({ delays }) => delays[0] ?? 0).toSorted((a, b) => a - b)
    expect(firsts[20]).toBeGreaterThan(180)
    expect(firsts[20]).toBeLessThan(340)
    expect(firsts[0]).toBeGreaterThan(80)
    const waits = runs.flatMap(({ delays }) => delays.slice(1))
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / (runs.length * 399)
    expect(mean).toBeGreaterThan(22)
    expect(mean).toBeLessThan(30)
    expect(waits.length / (runs.length * 399)).toBeGreaterThan(0.8)
    expect(waits.length / (runs.length * 399)).toBeLessThan(0.97)
    expect(Math.max(...waits)).toBeGreaterThan(200)
  })

  test('as asked: an exact first wait, then tokens in bursts at the mean rate', async () => {
    const { delays } = await run({ sluice_demo: { ttftMs: 1234, interTokenMs: 10, burst: 8, tokens: 801, text: 'de' } })
    expect(delays[0]).toBe(1234)
    expect(delays).toHaveLength(1 + 100)
    const mean = delays.slice(1).reduce((sum, wait) => sum + wait, 0) / 800
    expect(mean).toBeGreaterThan(9)
    expect(mean).toBeLessThan(11)
  })

  test('interTokenMs 0 waits only for the first token, and lets the event loop turn', async () => {
    let turns = 0
    const clock = setInterval(() => (turns += 1), 0)
    const { delays } = await run(demo({ ttftMs: 0, tokens: 50_000 }))
    clearInterval(clock)
    expect(delays).toEqual([0])
    expect(turns).toBeGreaterThan(1)
  })
})

describe('trouble on request', () => {
  test('failAfter fails after so many tokens', async () => {
    const { items, error } = await run(demo({ text: 'en', failAfter: 5 }))
    expect(items).toHaveLength(5)
    expect(isSluiceError(error) && error.code).toBe('SLUICE_ERR_BACKEND')
  })

  test('failAfter 0 fails before the source opens', async () => {
    const source = createDemoRunner().chat({ messages: ask('Hi'), sluice_demo: { failAfter: 0 } })
    const { signal } = new AbortController()
    await expect(source(contextOf(signal))).rejects.toThrow('after 0 tokens')
  })

  test('failAfter the last token comes before finish', async () => {
    const { items, error } = await run(demo({ text: 'en', tokens: 5, failAfter: 5 }))
    expect(items).toHaveLength(5)
    expect(error).toBeDefined()
  })

  test.each([0, 3])('hangAfter %i says nothing more until the signal aborts', async (hangAfter) => {
    const controller = new AbortController()
    let left = hangAfter
    const abortSoon = (): void => void setTimeout(() => controller.abort(new Error('enough')), 20)
    const onItem = (): void => void ((left -= 1) === 0 && abortSoon())
    if (hangAfter === 0) abortSoon()
    const { items, error } = await run(demo({ text: 'en', hangAfter }), { signal: controller.signal, onItem })
    expect(items).toHaveLength(hangAfter)
    expect(error).toEqual(new Error('enough'))
  })
})

describe('abort', () => {
  /** Counts the listeners that are on a signal now, and those ever added. */
  function watchListeners(signal: AbortSignal): { now: number; ever: number } {
    const count = { now: 0, ever: 0 }
    signal.addEventListener = (...args: Parameters<AbortSignal['addEventListener']>) => {
      count.now += 1
      count.ever += 1
      AbortSignal.prototype.addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<AbortSignal['removeEventListener']>) => {
      count.now -= 1
      AbortSignal.prototype.removeEventListener.apply(signal, args)
    }
    return count
  }

  test('during a wait ends it at once and leaves neither timer nor listener', async () => {
    const controller = new AbortController()
    const listeners = watchListeners(controller.signal)
    const callOffs: boolean[] = []
    const runtime: Runtime = { now: () => 0, defer: setImmediate, after: () => () => void callOffs.push(true) }
    const source = createDemoRunner({ runtime }).chat({ messages: ask('Hi') })
    const items = await source(contextOf(controller.signal))
    const next = (items as AsyncIterable<SourceItem>)[Symbol.asyncIterator]().next()
    await Promise.resolve()
    expect(listeners.now).toBe(1)
    controller.abort(new Error('gone'))
    await expect(next).rejects.toThrow('gone')
    expect(callOffs).toEqual([true])
    expect(listeners.now).toBe(0)
  })

  test('before the start is an abort too', async () => {
    const { items, error } = await run({}, { signal: AbortSignal.abort(new Error('late')) })
    expect(items).toEqual([])
    expect(error).toEqual(new Error('late'))
  })

  test('between two tokens stops before the next one', async () => {
    const controller = new AbortController()
    const onItem = (): void => controller.abort(new Error('enough'))
    const { items, error } = await run(demo({ text: 'en' }), { signal: controller.signal, onItem })
    expect(items).toHaveLength(1)
    expect(error).toEqual(new Error('enough'))
  })

  test('never comes: a whole answer uses one listener and takes it off', async () => {
    const { signal } = new AbortController()
    const listeners = watchListeners(signal)
    await run({ sluice_demo: { tokens: 50 } }, { signal })
    expect(listeners).toEqual({ now: 0, ever: 1 })
  })

  test('a reader that breaks off leaves no listener either', async () => {
    const { signal } = new AbortController()
    const listeners = watchListeners(signal)
    const onItem = (): never => {
      throw new Error('broken off')
    }
    await run({ sluice_demo: { tokens: 50 } }, { signal, onItem })
    expect(listeners).toEqual({ now: 0, ever: 1 })
  })
})

describe('takeover', () => {
  test('goes on exactly after what has been said, wherever that was cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PASSAGE_NAMES),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (text, share) => {
          const points = Array.from(PASSAGES[text])
          const prefix = points.slice(0, Math.max(1, Math.floor(points.length * share))).join('')
          const outcome = await run(demo({ text, reasoning: true }), { prefix })
          expect(prefix + textOf(outcome, 0) + bytesOf(outcome).toString()).toBe(PASSAGES[text])
          expect(eventsOf(outcome).slice(-2)).toMatchObject([{ type: 'finish', reason: 'stop' }, { type: 'usage' }])
        },
      ),
      { numRuns: 40 },
    )
  })
})
