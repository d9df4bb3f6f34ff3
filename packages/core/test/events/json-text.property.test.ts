import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editJsonText, jsonMembersOf } from '@sluice/core/extend'

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

describe('members of a JSON text', () => {
  test('are found as they were written, whatever their values hold', () => {
    fc.assert(
      fc.property(object, ({ text, members }) => {
        expect(jsonMembersOf(text).map((member) => [member.name, member.value])).toEqual(members)
      }),
    )
  })

  test('that are not named in an edit keep every character, in order', () => {
    fc.assert(
      fc.property(object, edits, ({ text, members }, changes) => {
        const after = jsonMembersOf(editJsonText(text, changes)).map((member) => [member.name, member.value])
        const isKept = ([key]: readonly string[]): boolean => !Object.hasOwn(changes, key!)
        expect(after.filter(isKept)).toEqual(members.filter(isKept))
      }),
    )
  })

  test('that are named in an edit are there once with the new value, or not at all', () => {
    fc.assert(
      fc.property(object, edits, ({ text }, changes) => {
        const edited = editJsonText(text, changes)
        expect(() => JSON.parse(edited) as unknown).not.toThrow()
        const after = jsonMembersOf(edited)
        for (const [key, value] of Object.entries(changes)) {
          const found = after.filter((member) => member.name === key).map((member) => member.value)
          expect(found).toEqual(value === undefined ? [] : [value])
        }
      }),
    )
  })

  test('an edit that changes nothing leaves the text as it is', () => {
    const text = ' {\n "stream" : true , "seed":9007199254740993 } '
    expect(editJsonText(text, { stream: 'true', absent: undefined })).toBe(text)
    expect(editJsonText('{}', { stream: 'true' })).toBe('{"stream":true}')
    expect(editJsonText('{"stream":false,"stream":true}', { stream: 'true' })).toBe('{"stream":true}')
  })
})
