import type { SourceEvent, SourceItem } from '@sluice/core'
import {
  byteTokens,
  check,
  expectedText,
  hostileText,
  readingScripts,
  RUNS,
  SEED,
  sourceEvents,
  sourceItems,
  stringTokens,
} from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** Whether some of many samples have what is looked for. */
function seen<Value>(arbitrary: fc.Arbitrary<Value>, looked: (value: Value) => boolean): boolean {
  return fc.sample(arbitrary, { numRuns: 2000, seed: SEED }).some(looked)
}

describe('hostile text', () => {
  test('holds what breaks streams', () => {
    const pieces = ['\r', '\0', '\u2028', 'data:', '\n\n', '👨‍👩‍👧‍👦', '\u202e', '你好', '\ufeff']
    expect(pieces.filter((piece) => !seen(hostileText(), (text) => text.includes(piece)))).toEqual([])
    expect(seen(hostileText(), (text) => !text.isWellFormed())).toBe(true)
  })

  test('is valid Unicode when asked to be', () =>
    check(fc.property(hostileText({ loneSurrogates: false }), (text) => text.isWellFormed())))
})

describe('token lists', () => {
  test('strings are cut anywhere, and joined give their text', async () => {
    await check(fc.property(stringTokens(), (tokens) => expectedText(tokens) === tokens.join('').toWellFormed()))
    expect(
      seen(stringTokens(), (tokens) => tokens.join('').isWellFormed() && tokens.some((t) => !t.isWellFormed())),
    ).toBe(true)
  })

  test('bytes are cut anywhere, and joined give their text', async () => {
    await check(fc.property(byteTokens(), (tokens) => expectedText(tokens) === Buffer.concat(tokens).toString()))
    const lone = (bytes: Uint8Array): boolean => new TextDecoder().decode(bytes).includes('\ufffd')
    const whole = (tokens: Uint8Array[]): boolean => !lone(Buffer.concat(tokens))
    expect(seen(byteTokens(), (tokens) => whole(tokens) && tokens.some(lone))).toBe(true)
    expect(seen(byteTokens(), (tokens) => !whole(tokens))).toBe(true)
  })

  test('respect their limit', () =>
    check(
      fc.property(
        stringTokens({ maxTokens: 7 }),
        byteTokens({ maxTokens: 7 }),
        (strings, bytes) => strings.length <= 7 && bytes.length <= 7,
      ),
    ))
})

describe('events', () => {
  test('all kinds are made', () => {
    const kinds = new Set<string>()
    for (const event of fc.sample(sourceEvents(), { numRuns: 500, seed: SEED }).flat()) {
      kinds.add(event.type === 'tool' ? `tool ${event.phase}` : event.type)
      if (event.choice) kinds.add('choice')
      if (event.extra !== undefined) kinds.add('extra')
    }
    expect([...kinds].sort()).toEqual([
      'choice',
      'data',
      'extra',
      'finish',
      'reasoning',
      'refusal',
      'text',
      'tool args',
      'tool call',
      'tool error',
      'tool result',
      'usage',
    ])
  })

  test('survive JSON, call tools before they are used, and finish last', () =>
    check(
      fc.property(sourceEvents(), (events) => {
        expect(JSON.parse(JSON.stringify(events))).toEqual(events)
        expect(isOrdered(events)).toBe(true)
      }),
    ))
})

test('mixed items hold strings, bytes, events and arrays, in a lawful order', async () => {
  const holds = (test: (item: SourceItem) => boolean): boolean => seen(sourceItems(), (items) => items.some(test))
  expect(holds((item) => typeof item === 'string')).toBe(true)
  expect(holds((item) => item instanceof Uint8Array)).toBe(true)
  expect(holds((item) => Array.isArray(item) && item.length === 0)).toBe(true)
  expect(holds((item) => Array.isArray(item) && new Set(item.map((each) => typeof each)).size > 1)).toBe(true)
  const emptyBetweenHalves = ({ 0: first, 1: empty, 2: last }: readonly unknown[]): boolean =>
    isHalf(first) && isHalf(last) && empty instanceof Uint8Array && empty.length === 0
  const windows = (items: SourceItem[]): unknown[][] => items.flat().map((_, at) => items.flat().slice(at, at + 3))
  expect(seen(sourceItems(), (items) => windows(items).some(emptyBetweenHalves))).toBe(true)
  await check(
    fc.property(sourceItems(), (items) => {
      const single = items.flat() as (string | Uint8Array | SourceEvent)[]
      expect(isOrdered(single.filter((item): item is SourceEvent => typeof item === 'object' && 'type' in item))).toBe(
        true,
      )
    }),
  )
})

/** Whether an item begins or ends with a lone half of a surrogate pair. */
function isHalf(item: unknown): boolean {
  return typeof item === 'string' && !item.isWellFormed()
}

/** Calls of tools come first and once, finishes last. */
function isOrdered(events: readonly SourceEvent[]): boolean {
  const called = new Set<string>()
  const finished = events.findIndex((event) => event.type === 'finish')
  return events.every((event, index) => {
    if (finished >= 0 && index >= finished) return event.type === 'finish'
    if (event.type !== 'tool') return true
    const known = called.has(event.id)
    called.add(event.id)
    return known !== (event.phase === 'call')
  })
}

test('reading scripts respect their limits', () =>
  check(
    fc.property(readingScripts({ maxReadings: 3, maxEvents: 4 }), (script) => {
      expect(script.length).toBeLessThanOrEqual(3)
      for (const { readEvents } of script) expect(readEvents).toBeLessThanOrEqual(4)
    }),
  ))

describe('check', () => {
  test('runs as often as it should, from the seed it tells', async () => {
    const values: number[] = []
    await check(fc.property(fc.nat(), (value) => void values.push(value)))
    expect(values).toHaveLength(RUNS)
    expect(values).toEqual(fc.sample(fc.nat(), { numRuns: RUNS, seed: SEED }))
  })

  test('a failing property names its seed; a synchronous one throws at once', async () => {
    const failing = { numRuns: 5 }
    expect(
      () =>
        void check(
          fc.property(fc.nat(), () => false),
          failing,
        ),
    ).toThrow(`seed: ${SEED}`)
    await expect(
      check(
        fc.asyncProperty(fc.nat(), () => Promise.resolve(false)),
        failing,
      ),
    ).rejects.toThrow(`seed: ${SEED}`)
  })
})
