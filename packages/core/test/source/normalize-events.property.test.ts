/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import {
  type DataEvents,
  isSluiceError,
  isTextual,
  type SourceEvent,
  type SourceItem,
  type StreamEvent,
} from '@sluice/core'
import { eventBytes, jsonLine } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventNormalizer } from '../../src/source/normalize-events.ts'
import { byteTokens, channelOf, check, expectedTexts, RUNS, sourceItems, stringTokens } from '../rig/core-rig.ts'

type Item = string | Uint8Array | SourceEvent<DataEvents>

const LIMITS = { maxEventBytes: 64, maxDataBytes: 1024 * 1024 }

function flatten(items: readonly SourceItem[]): Item[] {
  return items.flatMap((item) => (Array.isArray(item) ? (item as Item[]) : [item as Item]))
}

function takeIn(items: readonly unknown[], limits = LIMITS): StreamEvent[] {
  const events: StreamEvent[] = []
  const admit = (event: string | StreamEvent): void =>
    void events.push(typeof event === 'string' ? { type: 'text', text: event } : event)
  const normalizer = new EventNormalizer(limits, { append: admit })
  for (const item of items) normalizer.accept(item)
  normalizer.flush()
  return events
}

function textsOf(events: readonly StreamEvent[]): Map<string, string> {
  const texts = new Map<string, string>()
  for (const event of events) {
    if (!isTextual(event) || event.text === '') continue
    const channel = channelOf(event)
    texts.set(channel, (texts.get(channel) ?? '') + event.text)
  }
  return texts
}

const sorted = (texts: Map<string, string>): [string, string][] => [...texts].sort(([a], [b]) => (a < b ? -1 : 1))

describe('contract 1, what a source yields', () => {
  test('as strings split anywhere, surrogate pairs included, is joined to the same text', () =>
    check(
      fc.property(stringTokens(), (tokens) => {
        expect(sorted(textsOf(takeIn(tokens)))).toEqual(sorted(expectedTexts(tokens)))
      }),
      { numRuns: 5 * RUNS },
    ))

  test('as bytes split anywhere is decoded to the same text, byte order marks kept', () =>
    check(
      fc.property(byteTokens(), (tokens) => {
        expect(sorted(textsOf(takeIn(tokens)))).toEqual(sorted(expectedTexts(tokens)))
      }),
      { numRuns: 5 * RUNS },
    ))

  test('in any mixture gives every channel its text', () =>
    check(
      fc.property(sourceItems(), (items) => {
        expect(sorted(textsOf(takeIn(flatten(items))))).toEqual(sorted(expectedTexts(items)))
      }),
      { numRuns: 5 * RUNS },
    ))

  test('becomes events that are valid text, not empty, and within maxEventBytes', () =>
    check(
      fc.property(sourceItems(), fc.integer({ min: 16, max: 100 }), (items, maxEventBytes) => {
        for (const event of takeIn(flatten(items), { ...LIMITS, maxEventBytes })) {
          if (!isTextual(event)) continue
          expect(event.text.isWellFormed()).toBe(true)
          if (event.extra === undefined) expect(event.text).not.toBe('')
          expect(new TextEncoder().encode(event.text).length).toBeLessThanOrEqual(maxEventBytes)
        }
      }),
    ))

  test('becomes events that each fit into a line of 60 KiB of JSON, however large events may be', () => {
    const run = fc.constantFrom('a', '"', '\n', '\u0001', '\u2028', '語', '👩🏽‍🚀')
    const large = fc.array(fc.tuple(run, fc.integer({ min: 1, max: 40_000 })), { minLength: 1, maxLength: 3 })
    return check(
      fc.property(large, fc.boolean(), (runs, reasoning) => {
        const text = runs.map(([piece, times]) => piece.repeat(times)).join('')
        const event: SourceEvent = { type: reasoning ? 'reasoning' : 'text', text }
        const events = takeIn([event], { ...LIMITS, maxEventBytes: 1024 * 1024 })
        const texts = events.map((one) => (isTextual(one) ? one.text : ''))
        expect(texts.join('') === text).toBe(true)
        for (const piece of texts) {
          expect(piece.isWellFormed()).toBe(true)
          expect(Buffer.byteLength(jsonLine(piece))).toBeLessThanOrEqual(60 * 1024 + 2)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('keeps every event that is no text, in order, with its `extra`', () =>
    check(
      fc.property(sourceItems(), (items) => {
        const others = flatten(items).filter(
          (item) => typeof item === 'object' && !(item instanceof Uint8Array) && !isTextual(item),
        )
        const events = takeIn(flatten(items))
        expect(events.filter((event) => !isTextual(event))).toEqual(others)
        const extras = (list: readonly Item[] | readonly StreamEvent[]): unknown[] =>
          list.flatMap((item) =>
            typeof item === 'object' && 'extra' in item && item.extra !== undefined ? [JSON.stringify(item.extra)] : [],
          )
        expect(extras(events).toSorted()).toEqual(extras(flatten(items)).toSorted())
      }),
    ))

  test('as one long text is cut on code points into the fewest events that are allowed', () =>
    check(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 50, maxLength: 400 }),
        fc.integer({ min: 16, max: 80 }),
        (text, max) => {
          const events = takeIn([text], { ...LIMITS, maxEventBytes: max })
          expect(events.map((event) => isTextual(event) && event.text).join('')).toBe(text.toWellFormed())
          const sizes = events.map((event) => eventBytes(event) - eventBytes(''))
          for (const size of sizes) expect(size).toBeLessThanOrEqual(max)
          for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(max - 4)
        },
      ),
    ))
})

describe('contract 1, empties between the halves of a code point change nothing', () => {
  const halves = [
    ['bytes', Uint8Array.of(0xc3), Uint8Array.of(0xa9), 'é'],
    ['surrogates', '\ud83d', '\ude00', '😀'],
  ] as const
  const empties: readonly unknown[] = [
    '',
    new Uint8Array(0),
    { type: 'text', text: '' },
    { type: 'text', text: '', extra: 1 },
  ]
  test.each(
    halves.flatMap(([name, first, second, text]) =>
      empties.map((empty) => [name, empty, first, second, text] as const),
    ),
  )('%s around %j', (...[, empty, first, second, text]) => {
    expect(textsOf(takeIn([first, empty, second])).get('text 0')).toBe(text)
  })

  test('events of other channels between the halves keep both texts whole', () => {
    const other = { type: 'reasoning', text: 'hm' } as const
    for (const [, first, second, text] of halves) {
      const texts = textsOf(takeIn([first, other, second]))
      expect([...texts].sort()).toEqual([
        ['reasoning 0', 'hm'],
        ['text 0', text],
      ])
    }
  })
})

const SECRET = 'the secret words'
const invalid: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 3],
  ['a boolean', true],
  ['a bigint', 3n],
  ['a symbol', Symbol(SECRET)],
  ['a function', () => SECRET],
  ['an array in an array', [SECRET]],
  ['an ArrayBuffer', new ArrayBuffer(4)],
  ['other numbers', Uint16Array.of(1, 2)],
  ['an object without a type', { text: SECRET }],
  ['an unknown type', { type: 'delta', text: SECRET }],
  ['an end', { type: 'end', reason: 'stop', complete: true, note: SECRET }],
  ['opened', { type: 'opened', id: SECRET }],
  ['text that is no string', { type: 'text', text: { secret: SECRET } }],
  ['a choice below 0', { type: 'text', text: SECRET, choice: -1 }],
  ['a choice that is no whole number', { type: 'text', text: SECRET, choice: 0.5 }],
  ['a choice that is null', { type: 'text', text: SECRET, choice: null }],
  ['a tool without an id', { type: 'tool', phase: 'args', text: SECRET }],
  ['a tool of no phase', { type: 'tool', phase: SECRET, id: 'a' }],
  ['a call without a name', { type: 'tool', phase: 'call', id: SECRET }],
  ['a tool error without a message', { type: 'tool', phase: 'error', id: SECRET }],
  ['data without a name', { type: 'data', data: SECRET }],
  ['data that is circular', circular()],
  ['data with a bigint', { type: 'data', name: 'n', data: { secret: 3n } }],
  ['extra that is circular', { ...circular(), type: 'text', text: SECRET, extra: circular() }],
  ['usage without counts', { type: 'usage', usage: SECRET }],
  ['a finish for no known reason', { type: 'finish', reason: SECRET }],
]

function circular(): Record<string, unknown> {
  const data: Record<string, unknown> = { secret: SECRET }
  data[SECRET] = data
  return { type: 'data', name: 'n', data }
}

describe('an item that is none is refused with a typed error that names the rule, never the content', () => {
  test.each(invalid)('%s', (_, item) => {
    let error: unknown
    try {
      takeIn([item])
    } catch (thrown) {
      error = thrown
    }
    expect(isSluiceError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'SLUICE_ERR_SOURCE_ITEM', status: 502 })
    expect(String(error)).not.toContain(SECRET)
    expect(String(error)).toMatch(/expected|allowed|must/)
  })

  test('an event over its size is refused, named by its bytes and the bound', () => {
    const limits = { maxEventBytes: 64, maxDataBytes: 200 }
    const events = [
      { type: 'data', name: 'n', data: SECRET.repeat(20) },
      { type: 'tool', phase: 'result', id: 'a', result: SECRET.repeat(20) },
      { type: 'text', text: 'x', extra: SECRET.repeat(20) },
      { type: 'reasoning', text: 'x', extra: SECRET.repeat(20) },
      { type: 'tool', phase: 'args', id: SECRET.repeat(20), text: '{' },
    ]
    for (const event of events) {
      expect(() => takeIn([event], limits)).toThrow('maxDataBytes (200)')
      expect(() => takeIn([event], limits)).not.toThrow(SECRET)
    }
  })
})
