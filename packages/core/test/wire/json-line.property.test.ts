import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonBytes } from '../../src/log/one-line.ts'
import { jsonLine } from '../../src/wire/json-line.ts'
import { check, hostileText } from '../rig/core-rig.ts'

/** What ends a line for anybody: for the format, or for Python's `str.splitlines`. */
// oxlint-disable-next-line no-control-regex -- these are the characters it is about
const LINE_END = /[\n\r\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/

const values = fc.oneof(
  fc.json().map((text) => JSON.parse(text) as unknown),
  fc.record({ [`a\u2028`]: hostileText() }),
)

test('a line of JSON is one line to every reader, and the value that it was made of', () =>
  check(
    fc.property(values, (value) => {
      const line = jsonLine(value)
      expect(line).not.toMatch(LINE_END)
      expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  ))

test('what nobody ends a line at is written as JSON writes it', () =>
  check(
    fc.property(hostileText(), (text) => {
      const plain = text.replaceAll(/[\u0085\u2028\u2029]/g, '')
      expect(jsonLine(plain)).toBe(JSON.stringify(plain))
    }),
  ))

test('the bytes of a text in a line are those of its JSON, whatever it holds', () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const text = String.fromCharCode(unit)
    if (text.isWellFormed()) expectBytes(text)
  }
  return check(fc.property(hostileText({ loneSurrogates: false }), expectBytes))
})

function expectBytes(text: string): void {
  const wanted = new TextEncoder().encode(jsonLine(text)).length - 2
  if (jsonBytes(text) !== wanted) throw new Error(`${JSON.stringify(text)} has ${wanted} bytes, not ${jsonBytes(text)}`)
}
