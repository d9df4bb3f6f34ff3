import { readLongJson } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { parseSlices } from '../../src/events/json/parse-slices.ts'

const ENCODER = new TextEncoder()
const MIB = 1024 * 1024

/** Characters that mean something in JSON, that are long in UTF-8, or in an escape. */
const letters = fc.constantFrom(
  '"',
  '\\',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  'u',
  'a',
  'é',
  '中',
  '😀',
  '\uFEFF',
  '\n',
  '\u0000',
)
const text = fc.oneof(fc.string({ unit: letters, maxLength: 60 }), fc.string({ unit: letters, maxLength: 4 }))
/**
 * Names have no escapes: V8's own `JSON.parse`, once it knows a name that begins with a backslash, takes others for it that are
 * written with an escape (Node 24 and 26: `["]","\\\\"]` and then `["]","\\""]` as the names of two objects in turn).
 */
const unescaped = text.map((value) => value.replace(/["\\\n\0]/g, 'b'))
const name = fc.oneof(unescaped, fc.constantFrom('__proto__', 'a', '1', '0', ''))
const space = fc.oneof(fc.constant(''), fc.stringMatching(/^[ \n\r\t]{0,20}$/))
/** A text as a client may write it: each character as it is, or escaped. */
const written = (value: string, escaped: boolean): string =>
  escaped
    ? `"${[...Array(value.length).keys()].map((at) => `\\u${value.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
    : JSON.stringify(value)
const quoted = fc.tuple(text, fc.boolean()).map(([value, escaped]) => written(value, escaped))
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(quoted, fc.constantFrom('1.0', '1e400', '-0', 'true', 'null', '[]', '{}', '[ ]', '12345678901234567890')),
    fc
      .tuple(space, fc.array(tie('value'), { maxLength: 6 }))
      .map(([gap, items]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
    fc
      .tuple(space, fc.array(fc.tuple(name, tie('value')), { maxLength: 6 }))
      .map(
        ([gap, members]) =>
          `{${gap}${members.map(([key, item]) => `${JSON.stringify(key)}${gap}:${gap}${item}`).join(`${gap},`)}${gap}}`,
      ),
  ),
}))
const json = fc.tuple(space, value, space).map((parts) => parts.join(''))
const slices = fc.constantFrom(1, 2, 3, 7, 16, 40, 200)

function parsed(bytes: Uint8Array, slice: number): unknown {
  const work = parseSlices(bytes, slice)
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

/** A value with its order of members, which `toEqual` does not compare. */
function inOrder(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return Object.is(item, -0) ? 'minus 0' : item
  return Array.isArray(item) ? item.map(inOrder) : Object.entries(item).map(([key, inside]) => [key, inOrder(inside)])
}

test('JSON in slices of any size is what JSON.parse makes of it: values, order, repeated names, __proto__', () => {
  fc.assert(
    fc.property(json, slices, (source, slice) => {
      expect(inOrder(parsed(ENCODER.encode(source), slice))).toEqual(inOrder(JSON.parse(source)))
    }),
    { numRuns: 2_000 },
  )
})

test('what JSON.parse refuses is refused in slices of any size, and what it takes is taken', () => {
  const put = fc.string({ unit: letters, maxLength: 2 }).map((value) => value.replaceAll('\\', ''))
  const change = fc.tuple(fc.nat(), fc.nat({ max: 2 }), put)
  const broken = fc.tuple(json, fc.array(change, { minLength: 1, maxLength: 3 })).map(([source, changes]) =>
    changes.reduce((before, [place, cut, put]) => {
      const at = place % (before.length + 1)
      return before.slice(0, at) + put + before.slice(at + cut)
    }, source),
  )
  const outcome = (parse: () => unknown): unknown => {
    try {
      return inOrder(parse())
    } catch {
      return 'refused'
    }
  }
  fc.assert(
    fc.property(fc.oneof(broken, fc.string({ unit: letters, maxLength: 12 })), slices, (source, slice) => {
      // As a client would send it: a half of a pair alone cannot be said in UTF-8.
      const bytes = ENCODER.encode(source)
      const sent = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
      expect(outcome(() => parsed(bytes, slice))).toEqual(outcome(() => JSON.parse(sent)))
    }),
    { numRuns: 4_000 },
  )
})

test('bytes that are no UTF-8 are refused, wherever they stand', () => {
  fc.assert(
    fc.property(json, fc.nat(), fc.constantFrom(0x80, 0xc3, 0xff, 0xf0), slices, (source, place, byte, slice) => {
      const bytes = ENCODER.encode(source)
      const at = place % (bytes.length + 1)
      const with1 = Uint8Array.of(...bytes.subarray(0, at), byte, ...bytes.subarray(at))
      const isText = ((): boolean => {
        try {
          JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(with1))
          return true
        } catch {
          return false
        }
      })()
      if (!isText) expect(() => parsed(with1, slice)).toThrow(Error)
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['one text, as a picture is', JSON.stringify({ messages: [{ content: 'iVBORw0KGgo+'.repeat(MIB / 2) }] })],
  ['a text of escaped quotes', JSON.stringify({ content: '"'.repeat(3 * MIB) })],
  ['a text of backslashes', JSON.stringify({ content: '\\'.repeat(3 * MIB) })],
  ['a text of escapes', `{"content":"${String.raw`\u4e2d`.repeat(MIB)}"}`],
  ['many messages', JSON.stringify({ messages: Array.from({ length: 9_000 }, () => ({ content: '中'.repeat(250) })) })],
  ['many names', JSON.stringify(Array.from({ length: 6 }, () => names(9_000)))],
  ['a long name', JSON.stringify({ ['n'.repeat(6 * MIB)]: [1, { deep: ['x'.repeat(2 * MIB)] }] })],
])('a body of 6 MiB is parsed in steps of at most a mebibyte: %s', async (_what, source) => {
  const longest = { parsed: 0, decoded: 0 }
  const { parse } = JSON
  vi.spyOn(JSON, 'parse').mockImplementation((written: string) => {
    longest.parsed = Math.max(longest.parsed, written.length)
    return parse(written) as unknown
  })
  let rounds = 0
  let isOver = false
  const round = (): void => {
    rounds++
    if (!isOver) setImmediate(round)
  }
  setImmediate(round)
  const bytes = ENCODER.encode(source)
  expect(bytes.length).toBeGreaterThan(5 * MIB)
  const read = await readLongJson(bytes, { subject: 'The body' })
  isOver = true
  vi.restoreAllMocks()
  expect(read).toEqual(JSON.parse(source))
  expect(longest.parsed).toBeLessThanOrEqual(MIB + 2)
  // Looking at it, and parsing it, each in slices, with a turn of the loop between two of them.
  expect(rounds).toBeGreaterThanOrEqual(8)
})

function names(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`.padEnd(120, 'n'), '']))
}

test('what is long is refused with the words of what is short, and a mark in front of it says nothing', async () => {
  const long = `"${'x'.repeat(2 * MIB)}"`
  const read = (source: string): Promise<unknown> => readLongJson(ENCODER.encode(source), { subject: 'The body' })
  await expect(read(`\uFEFF${long}`)).resolves.toBe('x'.repeat(2 * MIB))
  await expect(read(`[${long}`)).rejects.toMatchObject({ code: 'SLUICE_ERR_REQUEST', message: 'The body is not JSON.' })
  await expect(read(`{"__proto__":${long}}`)).rejects.toThrow('The body has a member named "__proto__".')
  await expect(read(`${'['.repeat(101)}${long}${']'.repeat(101)}`)).rejects.toThrow('deeper than 100 levels')
})
