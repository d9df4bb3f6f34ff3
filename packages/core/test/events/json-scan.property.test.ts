import { isSluiceError } from '@sluice/core'
import { type JsonLimits, JsonScan, readJson, requireSafeJson } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const ENCODER = new TextEncoder()
const SUBJECT = 'The body'
const limits = fc.record({ jsonMembers: fc.integer({ min: 1, max: 30 }), jsonNames: fc.integer({ min: 1, max: 6 }) })
// Strings of what the scan heeds elsewhere, and of what hides the end of a string.
const letters = fc.constantFrom('"', '\\', ',', ':', '{', '}', '[', ']', 'a', 'é', '😀', '\n', '\u2028')
const text = fc.string({ unit: letters, maxLength: 8 })
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), text),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(text, tie('value'), { maxKeys: 8 }),
  ),
})).value

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'taken'
  } catch (error) {
    if (!isSluiceError(error)) throw error
    return error.message
  }
}

/** What the scan says of `bytes` that come in pieces which end at `cuts`. */
function scanned(bytes: Uint8Array, cuts: readonly number[], allowed: JsonLimits): string {
  const scan = new JsonScan(SUBJECT, allowed)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((one, other) => one - other), bytes.length]
  return codeOf(() => places.slice(1).forEach((end, index) => scan.push(bytes.subarray(places[index], end))))
}

test('JSON is judged the same before it is parsed, in pieces of any size, and after', () => {
  const spaces = fc.constantFrom(undefined, 1, '\t')
  fc.assert(
    fc.property(json, limits, spaces, fc.array(fc.nat(), { maxLength: 12 }), (value, allowed, space, cuts) => {
      const bytes = ENCODER.encode(JSON.stringify(value, undefined, space))
      const whole = scanned(bytes, [], allowed)
      expect(scanned(bytes, cuts, allowed)).toBe(whole)
      const walked = codeOf(() => requireSafeJson(JSON.parse(JSON.stringify(value)), SUBJECT, { limits: allowed }))
      expect(walked === 'taken').toBe(whole === 'taken')
    }),
    { numRuns: 3_000 },
  )
})

test('what is taken is read as JSON.parse reads it, whatever it is; all else is an error that names it', () => {
  const anything = fc.oneof(
    json.map((value) => JSON.stringify(value)),
    fc.string({ unit: letters }),
  )
  fc.assert(
    fc.property(anything, (written) => {
      const read = codeOf(() =>
        expect(readJson(ENCODER.encode(written), { subject: SUBJECT }).value).toEqual(JSON.parse(written)),
      )
      if (read !== 'taken') expect(read).toMatch(/^The body (is|has)/)
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['members', '[0,0,0,0]', { jsonMembers: 3, jsonNames: 9 }, 'bodies.jsonMembers'],
  ['objects within', '[{},{},[]]', { jsonMembers: 5, jsonNames: 9 }, 'bodies.jsonMembers'],
  ['names', '{"a":1,"b":{},"c":1}', { jsonMembers: 9, jsonNames: 2 }, 'bodies.jsonNames'],
  ['names that are one', '{"a":1,"a":1,"a":1}', { jsonMembers: 9, jsonNames: 2 }, 'bodies.jsonNames'],
] as const)(
  'too many %s are refused before they are parsed, and the error names the limit',
  (...[, written, allowed, name]) => {
    // Cut off, so that a parser would find something else wrong with it.
    const bytes = ENCODER.encode(written.slice(0, -1))
    const value = name === 'bodies.jsonMembers' ? allowed.jsonMembers : allowed.jsonNames
    expect(() => readJson(bytes, { subject: SUBJECT, limits: allowed })).toThrow(
      expect.objectContaining({ code: 'SLUICE_ERR_TOO_LARGE', message: expect.stringContaining(`${value} members`) }),
    )
    expect(codeOf(() => readJson(bytes, { subject: SUBJECT, limits: allowed }))).toContain(name)
  },
)

test('depth is refused before it is parsed: 100 levels are taken, 101 are not', () => {
  const nested = (levels: number): Uint8Array => ENCODER.encode('['.repeat(levels) + ']'.repeat(levels))
  expect(codeOf(() => readJson(nested(100), { subject: SUBJECT }))).toBe('taken')
  expect(codeOf(() => readJson(nested(101), { subject: SUBJECT }))).toBe('The body is nested deeper than 100 levels.')
  expect(
    codeOf(() => new JsonScan(SUBJECT, { jsonMembers: 1e9, jsonNames: 1 }).push(ENCODER.encode('['.repeat(1e6)))),
  ).toContain('100')
})

test.each(['{"__proto__":1}', '[{"\\u005f_proto__":1}]', '{"a":{"__pr\\u006Fto__":1}}'])(
  'a member named __proto__ is refused however it is spelled: %s',
  (written) => expect(codeOf(() => readJson(ENCODER.encode(written), { subject: SUBJECT }))).toContain('__proto__'),
)
