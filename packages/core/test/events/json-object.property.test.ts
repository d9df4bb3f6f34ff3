import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonObjectText } from '@sluice/core/extend'

/** JSON numbers that parsing and writing again would change, and some that it would not. */
const numberText = fc.oneof(
  fc.constantFrom('1.0', '1e400', '-0', '0.1e-999', '9007199254740993', '1E+2', '10000000000000000000000.50'),
  fc.integer().map(String),
)
const stringText = fc
  .oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\\"', '{', '}', ',', '\\\\"'))
  .map((text) => JSON.stringify(text))
const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/)

/** JSON text with space wherever there may be some. */
const { valueText } = fc.letrec<{ valueText: string }>((tie) => ({
  valueText: fc.oneof(
    { depthSize: 'small' },
    numberText,
    stringText,
    fc.constantFrom('true', 'false', 'null'),
    fc
      .tuple(space, fc.array(tie('valueText'), { maxLength: 3 }))
      .map(([s, items]) => `[${s}${items.join(`${s},`)}${s}]`),
    fc
      .tuple(space, fc.array(fc.tuple(stringText, tie('valueText')), { maxLength: 3 }))
      .map(
        ([s, members]) => `{${s}${members.map(([name, value]) => `${name}${s}:${s}${value}`).join(`${s},${s}`)}${s}}`,
      ),
  ),
}))

const name = fc.oneof(fc.constantFrom('stream', 'model', 'sluice', '__proto__', 'a"b', ''), fc.string())
const object = fc.tuple(space, fc.array(fc.tuple(name, valueText), { maxLength: 6 })).map(([s, members]) => ({
  members,
  text: `${s}{${s}${members.map(([key, value]) => `${JSON.stringify(key)}${s}:${s}${value}`).join(`${s},${s}`)}${s}}${s}`,
}))
const edits = fc.dictionary(name, fc.option(valueText, { nil: undefined }), { maxKeys: 4 })

function edited(text: string, changes: { readonly [name: string]: string | undefined }): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(JsonObjectText.of(text).edited(changes))
}

describe('members of a JSON text', () => {
  test('are found as they were written, whatever their values hold', () => {
    fc.assert(
      fc.property(object, ({ text, members }) => {
        const read = JsonObjectText.of(text)
        expect(read.entries()).toEqual(members)
        for (const key of read.names) expect(read.valueOf(key)).toBe(members.findLast(([one]) => one === key)![1])
      }),
    )
  })

  test('that are not named in an edit keep every character, in order', () => {
    fc.assert(
      fc.property(object, edits, ({ text, members }, changes) => {
        const after = JsonObjectText.of(edited(text, changes)).entries()
        const isKept = ([key]: readonly string[]): boolean => !Object.hasOwn(changes, key!)
        expect(after.filter(isKept)).toEqual(members.filter(isKept))
      }),
    )
  })

  test('that are named in an edit are there once with the new value, or not at all', () => {
    fc.assert(
      fc.property(object, edits, ({ text }, changes) => {
        const after = JsonObjectText.of(edited(text, changes)).entries()
        expect(() => JSON.parse(edited(text, changes)) as unknown).not.toThrow()
        for (const [key, value] of Object.entries(changes)) {
          const found = after.filter(([one]) => one === key).map(([, written]) => written)
          expect(found).toEqual(value === undefined ? [] : [value])
        }
      }),
    )
  })

  test('an edit that changes nothing leaves the text as it is', () => {
    const text = ' {\n "stream" : true , "seed":9007199254740993 } '
    expect(edited(text, { stream: 'true', absent: undefined })).toBe(text)
    expect(edited('{}', { stream: 'true' })).toBe('{"stream":true}')
    expect(edited('{"stream":false,"stream":true}', { stream: 'true' })).toBe('{"stream":true}')
  })

  test('of a long one are found in steps of at most a mebibyte, with a turn of the loop between two', async () => {
    const long = '"'.repeat(2 ** 21)
    const text = JSON.stringify({ a: [long, { b: long }], sluice: 1, stream: false, c: long })
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    const object = await JsonObjectText.read(new TextEncoder().encode(text))
    isOver = true
    expect(turns).toBeGreaterThanOrEqual(10)
    expect(object.names).toEqual(['a', 'sluice', 'stream', 'c'])
    const sent = new TextDecoder().decode(object.edited({ sluice: undefined, stream: 'true' }))
    expect(JSON.parse(sent)).toEqual({ a: [long, { b: long }], stream: true, c: long })
  })
})
