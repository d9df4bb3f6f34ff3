import { Readable } from 'node:stream'

import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { LineSplitter, readLines, type SplitLine } from '../../../src/batch.ts'

/** Pieces of files: ends of lines, what looks like one, marks, halves of letters. */
const bits = fc.oneof(
  fc.constantFrom('\n', '\r\n', '\r', '\n\n', ' \t\n', '\u2028', '\u2029', '\u0085', '\u{1f600}', '{"a":"b\u2028c"}'),
  fc.string({ maxLength: 12 }),
)
const files = fc
  .array(fc.oneof({ weight: 12, arbitrary: bits }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }) }))
  .map((parts) => Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))))
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

function piecesOf(file: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => Math.floor(place * file.length)).toSorted((a, b) => a - b), file.length]
  return at.slice(1).map((end, index) => file.subarray(at[index], end))
}

function split(pieces: readonly Buffer[], maxLineBytes = 1_000_000): { lines: SplitLine[]; blank: number } {
  const splitter = new LineSplitter({ maxLineBytes })
  const lines = [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()]
  return { lines, blank: splitter.blank }
}

/** The same from the whole file, one byte at a time. */
function expected(file: Buffer): { number: number; offset: number; bytes: Buffer }[] {
  const lines: { number: number; offset: number; bytes: Buffer }[] = []
  let offset = 0
  for (let at = 0; at <= file.length; at++) {
    if (at < file.length && file[at] !== 0x0a) continue
    if (at === file.length && offset === file.length) break
    const end = at > offset && file[at - 1] === 0x0d ? at - 1 : at
    lines.push({ number: lines.length + 1, offset, bytes: file.subarray(offset, end) })
    offset = at + 1
  }
  return lines
}

const plain = ({ number, offset, bytes }: Pick<SplitLine, 'number' | 'offset' | 'bytes'>): unknown => ({
  number,
  offset,
  hex: Buffer.from(bytes).toString('hex'),
})

test('however a file is cut, its lines are those between bytes 0x0A, with their numbers and places', async () => {
  await check(
    fc.property(files, cuts, (file, places) => {
      const { lines, blank } = split(piecesOf(file, places))
      const all = expected(file)
      const written = all.filter(({ bytes }) => !/^[ \t]*$/.test(bytes.toString('latin1')))
      expect(lines.map(plain)).toEqual(written.map(plain))
      expect(blank).toBe(all.length - written.length)
    }),
  )
})

test('a line has a fault if and only if it is no UTF-8, or begins with a byte order mark', async () => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const faultOf = (bytes: Uint8Array): string | undefined => {
    try {
      return decoder.decode(bytes).startsWith('\uFEFF') ? 'byte_order_mark' : undefined
    } catch {
      return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 'byte_order_mark' : 'invalid_utf8'
    }
  }
  const marked = fc.oneof(
    files,
    files.map((file) => Buffer.concat([Buffer.from('\uFEFF'), file])),
  )
  await check(
    fc.property(marked, cuts, (file, places) => {
      const { lines } = split(piecesOf(file, places))
      for (const { bytes, fault, number } of lines) {
        expect(fault?.code).toBe(faultOf(bytes))
        if (fault) expect(fault.line).toBe(number)
      }
    }),
  )
})

test('a line over its bound is named and passed over, all others are as they would be without it', async () => {
  await check(
    fc.property(files, cuts, fc.integer({ min: 1, max: 12 }), (file, places, maxLineBytes) => {
      const { lines, blank } = split(piecesOf(file, places), maxLineBytes)
      const free = split([file])
      // A blank line may be too long, and is then no longer seen to be blank.
      const tooLong = lines.filter(({ fault }) => fault?.code === 'line_too_large')
      for (const line of tooLong) expect(line.bytes).toHaveLength(0)
      expect(lines.length + blank).toBe(free.lines.length + free.blank)
      expect(lines.filter((line) => !tooLong.includes(line)).map(plain)).toEqual(
        free.lines.filter(({ bytes }) => bytes.length <= maxLineBytes).map(plain),
      )
    }),
  )
})

test('a stream of a file gives the same lines', async () => {
  await check(
    fc.asyncProperty(files, cuts, async (file, places) => {
      const pieces = piecesOf(file, places)
      const lines: SplitLine[] = []
      for await (const line of readLines(Readable.from(pieces, { objectMode: true }))) lines.push(line)
      expect(lines.map(plain)).toEqual(split(pieces).lines.map(plain))
    }),
    { numRuns: 200 },
  )
})
