import { isSluiceError, type StreamEvent } from '@sluice/core'
import type { ResumeState } from '@sluice/core/extend'
import { check, RUNS } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeChunk, encodeChunk } from '../../src/protocol/chunk-codec.ts'
import { isForeign } from '../../src/protocol/foreign.ts'
import { headIn } from '../../src/protocol/head-codec.ts'
import { decodeEntries } from '../../src/protocol/log-codec.ts'
import { decodeField } from '../../src/protocol/record-codec.ts'
import { MAX_STORED_DEPTH, toStoredJson } from '../../src/protocol/stored-json.ts'
import { CODECS, spoilt } from './codecs.ts'
import { END, EVENT_MEMBERS, EVENTS, FACTS, FIELD_MEMBERS, KEEPING, kindOf, WRONG } from './samples.ts'

/** What is read, or why not. @throws whatever is no refusal */
function read(decode: () => unknown): { value: unknown } | 'refused' {
  try {
    return { value: decode() }
  } catch (error) {
    if (isSluiceError(error) && error.code === 'SLUICE_ERR_STORE' && isForeign(error)) return 'refused'
    throw error
  }
}

describe.each(CODECS)('what Redis gives as $name', ({ written, decode, encode }) => {
  test('contract 1: what was written is read, and is the same when it is written again', () =>
    check(
      fc.property(written, (text) => {
        expect(encode(decode(text) as never)).toBe(text)
      }),
    ))

  test('contract 2: anything else is read as what it was written for, or refused with SLUICE_ERR_STORE', () =>
    check(
      fc.property(spoilt(written), (text) => {
        const outcome = read(() => decode(text))
        if (outcome !== 'refused') expect(encode(outcome.value as never)).toBe(text)
      }),
      { numRuns: 2 * RUNS },
    ))
})

describe('a record that is understood by half', () => {
  test.each([...EVENTS, END].map((event) => [kindOf(event), event] as const))(
    'contract 2: %s is refused without what makes it one, or with something else in its place',
    (kind, event) => {
      const entryWith = (one: object): string => toStoredJson([1, 1, one])
      expect(decodeChunk(entryWith(event)).events).toEqual([event])
      for (const [name, member] of Object.entries(EVENT_MEMBERS[kind]!)) {
        for (const value of WRONG[member]) {
          const outcome = read(() => decodeChunk(entryWith({ ...event, [name]: value })))
          expect(outcome, `${name}: ${JSON.stringify(value)}`).toBe('refused')
        }
      }
    },
  )

  test.each([
    ['facts', FACTS],
    ['keeping', KEEPING],
  ] as const)(
    'contract 2: %s are refused without any of what they need, or with something else in its place',
    (field, whole) => {
      expect(decodeField(field, toStoredJson(whole))).toEqual(JSON.parse(JSON.stringify(whole)))
      for (const [name, member] of Object.entries(FIELD_MEMBERS[field])) {
        for (const value of WRONG[member]) {
          const outcome = read(() => decodeField(field, toStoredJson({ ...whole, [name]: value })))
          expect(outcome, `${name}: ${JSON.stringify(value)}`).toBe('refused')
        }
      }
    },
  )

  test('contract 2: an event of a version that is newer is refused: nobody reads on as if it were not there', () => {
    const citation = { type: 'citation', url: 'https://example.com' }
    expect(read(() => decodeChunk(toStoredJson([1, 1, 'a', citation])))).toBe('refused')
    expect(read(() => decodeField('end', toStoredJson({ ...END, reason: 'paused' })))).toBe('refused')
    expect(read(() => decodeField('keeping', toStoredJson({ ...KEEPING, durability: 'quorum' })))).toBe('refused')
  })

  test('contract 1 and 2: U+FFFD that a source said is read, and what stands for bytes that are no UTF-8 is refused', () => {
    const { payload } = encodeChunk({ epoch: 1, firstSeq: 1, events: ['a\ufffd'] })
    expect(decodeChunk(payload).events).toEqual(['a\ufffd'])
    const bytes = Buffer.concat([Buffer.from('[1,1,"a'), Buffer.from([0xff]), Buffer.from('"]')])
    expect(read(() => decodeChunk(bytes.toString()))).toBe('refused')
  })

  test('contract 2: what is nested as deep as it may be is read, and one level more is refused', () => {
    const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
    const entry = (depth: number): string => toStoredJson([1, 1, { type: 'data', name: 'x', data: nested(depth) }])
    expect(read(() => decodeChunk(entry(MAX_STORED_DEPTH - 1)))).not.toBe('refused')
    expect(read(() => decodeChunk(entry(MAX_STORED_DEPTH)))).toBe('refused')
  })
})

describe('the head of a log that is understood by half', () => {
  const whole: Readonly<Record<string, string>> = {
    'head:v': '1',
    'head:next': '9',
    'head:epoch': '1',
    'head:other': '2',
    'head:b0': '1',
    'head:c0': '["tool","call_1"]',
    'head:t0:3': '["call_1","weather"]',
    'head:f0': '1',
    'head:finish': 'stop',
    'head:usage': '{"outputTokens":2}',
  }
  const head = (changes: Readonly<Record<string, string | undefined>>): unknown => {
    const fields = Object.entries({ ...whole, ...changes }).filter(([, value]) => value !== undefined)
    return read(() => headIn(new Map(fields as [string, string][])))
  }

  test('is read where it is whole, beside whatever else a meta has', () => {
    expect(head({ seq: '9', something: 'else' })).toEqual({
      value: {
        resumeState: {
          choices: new Map([
            [0, { tools: [{ id: 'call_1', name: 'weather' }], latest: 'tool', latestTool: 'call_1', finished: true }],
          ]),
        },
        otherEvents: 2,
        usage: { outputTokens: 2 },
        finishReason: 'stop',
        epoch: 1,
        nextSeq: 9,
      },
    })
  })

  test('has what a provider said of a tool call, where it said something', () => {
    const extra = { openai: { tool: { type: 'custom' } } }
    const known = head({ 'head:t0:3': JSON.stringify(['call_1', 'weather', extra]) })
    const { value } = known as { value: { resumeState: ResumeState } }
    expect(value.resumeState.choices.get(0)!.tools).toEqual([{ id: 'call_1', name: 'weather', extra }])
  })

  test.each(['2', '0', '', 'unknown'])('contract 2: is not known, and no error, where its version is %j', (version) =>
    expect(head({ 'head:v': version, 'head:c0': 'whatever' })).toEqual({ value: undefined }),
  )

  const halves: readonly (readonly [name: string, value: string | undefined])[] = [
    ...['head:next', 'head:epoch', 'head:other', 'head:b0', 'head:c0'].map((name) => [name, undefined] as const),
    ...['head:next', 'head:epoch', 'head:other', 'head:b0'].flatMap((name) =>
      ['', '-1', '1.5', 'x', '01', '9007199254740993'].map((value) => [name, value] as const),
    ),
    ['head:next', '1'],
    ['head:epoch', '0'],
    ['head:b0', '0'],
    ['head:b0', '9'],
    ['head:c0', '["tool"]'],
    ['head:c0', '["text","call_1"]'],
    ['head:c0', '["citation"]'],
    ['head:c0', '["usage"]'],
    ['head:c0', '["text",null,1]'],
    ['head:c0', '"text"'],
    ['head:t0:3', '["call_1"]'],
    ['head:t0:3', '["call_1","weather",{},1]'],
    ['head:t0:3', '[1,"weather"]'],
    ['head:t0:9', '["call_1","weather"]'],
    ['head:t1:3', '["call_1","weather"]'],
    ['head:t0:03', '["call_1","weather"]'],
    ['head:t0', '["call_1","weather"]'],
    ['head:b00', '1'],
    ['head:b0:1', '1'],
    ['head:c1', '["text"]'],
    ['head:f1', '1'],
    ['head:f0', 'stop'],
    ['head:finish', 'paused'],
    ['head:finish', ''],
    ['head:usage', 'null'],
    ['head:usage', '{'],
    ['head:later', '1'],
    ['head:', '1'],
  ]
  test.each(halves)('contract 2: is refused where %s is %j', (name, value) =>
    expect(head({ [name]: value })).toBe('refused'),
  )
})

describe('a log that does not fit', () => {
  const entry = (firstSeq: number, ...events: (string | StreamEvent)[]): [string, [string, string]] => [
    `${firstSeq + events.length - 1}-0`,
    ['c', encodeChunk({ epoch: 1, firstSeq, events }).payload],
  ]
  const [one, two, three] = [entry(1, 'a'), entry(2, 'b', 'c'), entry(4, END)]

  test('is read where it fits, also where others have cut it', () => {
    expect(decodeEntries([one, two, three], { seq: 4, end: END })).toHaveLength(3)
    expect(decodeEntries([two, three], { seq: 4, end: END })).toHaveLength(2)
    expect(decodeEntries([one, three], { seq: 4, end: END })).toHaveLength(2)
    expect(decodeEntries([], { seq: 4, end: END })).toEqual([])
  })

  test.each([
    ['an entry has fewer events than its id says', [['3-0', one[1]]], 3, undefined],
    ['an entry has more', [['2-0', two[1]]], 3, undefined],
    ['an id is of another kind', [['1-1', one[1]]], 1, undefined],
    ['an entry has another field', [['1-0', ['d', one[1][1]]]], 1, undefined],
    ['an entry has a second field', [['1-0', [...one[1], 'd', '']]], 1, undefined],
    ['entries overlap', [two, ['3-0', entry(3, 'd')[1]]], 3, undefined],
    ['it has more than its record knows of', [one, two], 1, undefined],
    ['its end is not in the record', [one, two, three], 4, undefined],
    ['its end is another', [one, two, three], 4, { ...END, complete: true }],
    ['its record has an end, and it has none', [one, two], 3, END],
    ['something follows the end', [entry(1, END), entry(2, 'x')], 2, END],
  ])('contract 2: and refused where %s', (_, entries, seq, end) => {
    expect(read(() => decodeEntries(entries, { seq, end }))).toBe('refused')
  })
})
