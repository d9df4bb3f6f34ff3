import { expect, test } from 'vitest'

import { LineSplitter } from '../../../src/batch.ts'

function faultsOf(...pieces: (string | Uint8Array)[]): unknown[] {
  const splitter = new LineSplitter({ maxLineBytes: 8 })
  const lines = pieces.flatMap((piece) => splitter.push(typeof piece === 'string' ? Buffer.from(piece) : piece))
  return [...lines, ...splitter.end()].flatMap(({ fault }) => (fault ? [fault] : []))
}

test('a fault names the line, the rule and the way out', () => {
  expect(faultsOf('{}\n\n', Buffer.from([0x22, 0xff, 0x22]))).toEqual([
    { code: 'invalid_utf8', message: 'Line 3 is not valid UTF-8. Write the file as UTF-8.', line: 3 },
  ])
  expect(faultsOf(Buffer.from('\uFEFF{}\n', 'utf16le'))).toEqual([
    { code: 'invalid_utf8', message: 'Line 1 is UTF-16. Write the file as UTF-8.', line: 1 },
  ])
  expect(faultsOf('{}\n', '\uFEFF{}')).toEqual([
    {
      code: 'byte_order_mark',
      message:
        'Line 2 begins with a byte order mark (EF BB BF), which no JSON begins with. Write the file as UTF-8 without it.',
      line: 2,
    },
  ])
  expect(faultsOf('{"a":12}\r\n{"a":', '123}\n{}')).toEqual([
    {
      code: 'line_too_large',
      message: 'Line 2 has more than 8 bytes, which is all that a line may have. Make its request smaller.',
      line: 2,
    },
  ])
})

test.each([0, -1, 1.5, Number.NaN, Infinity])('a bound of %s is refused', (maxLineBytes) => {
  expect(() => new LineSplitter({ maxLineBytes })).toThrow(
    expect.objectContaining({ code: 'SLUICE_ERR_OPTION', message: expect.stringContaining('maxLineBytes') }),
  )
})
