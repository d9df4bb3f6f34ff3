import fc from 'fast-check'
import { createParser } from 'eventsource-parser'
import { createSseParser, type SseEvent } from '@sluice/sse'
import { costGrowth } from '@sluice/testing/patience'
import { describe, expect, it, test } from 'vitest'

import { cutAt, parsePieces } from './rig/parse-pieces.ts'
import { parseBySpec } from './rig/spec-parser.ts'

const names = fc.constantFrom('data', 'id', 'event', 'retry', 'dat', 'datax', 'Data', '', 'comment')
const lineEnds = fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\n\r')
const scraps = fc.oneof(
  names,
  lineEnds,
  fc.constantFrom(':', ' ', ': ', '\0', '\u{FEFF}', '0', '42', '\u{2028}', 'é', '😀', '\t'),
  fc.string({ maxLength: 3 }),
)
const lines = fc.tuple(names, fc.constantFrom(':', ': ', ':  ', ''), fc.string({ maxLength: 5 }), lineEnds)
/** Streams that are mostly fields, and streams that are mostly scraps of them. */
const streams = fc
  .array(fc.oneof({ weight: 3, arbitrary: lines.map((parts) => parts.join('')) }, scraps), { maxLength: 30 })
  .map((parts) => parts.join(''))
const places = fc.array(fc.nat(400), { maxLength: 8 })

test('whatever the stream and the cuts, text is read as the standard says', () => {
  fc.assert(
    fc.property(streams, places, (stream, cuts) => {
      expect(parsePieces(cutAt(stream, cuts))).toEqual(parseBySpec(stream))
    }),
    { numRuns: 3000 },
  )
})

test('whatever the bytes and the cuts, they are read as their text is', () => {
  const bytes = fc.array(
    fc.oneof(
      streams.map((stream) => new TextEncoder().encode(stream)),
      fc.uint8Array({ maxLength: 3 }),
    ),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(bytes, places, (parts, cuts) => {
      const whole = Uint8Array.from(parts.flatMap((part) => [...part]))
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(whole)
      const expected = parseBySpec(text)
      const parsed = parsePieces(cutAt(whole, cuts))
      expect(parsed).toEqual(expected)
    }),
    { numRuns: 2000 },
  )
})

test('eventsource-parser reads the same events', () => {
  fc.assert(
    fc.property(streams, places, (stream, cuts) => {
      const events: SseEvent[] = []
      let lastEventId = ''
      const theirs = createParser({
        onId: (id) => (lastEventId = id),
        onEvent: ({ event, data }) => events.push({ id: lastEventId, event: event ?? 'message', data }),
      })
      for (const piece of cutAt(stream, cuts)) theirs.feed(piece)
      expect(parsePieces(cutAt(stream, cuts)).events).toEqual(events)
    }),
    { numRuns: 3000 },
  )
})

describe('time is linear in the input (S10, S16)', () => {
  const SMALL = 64 * 1024
  const FACTOR = 8
  /** Half way, on a logarithmic scale, between linear (8) and quadratic (64). */
  const TOO_STEEP = FACTOR ** 1.5

  const shapes: [string, string, number][] = [
    ['one long line in tiny pieces', 'a', 1],
    ['one long data line in small pieces', 'a', 100],
    ['lines without a colon, whole', 'data\n', Infinity],
    ['CR lines, whole', 'x\r', Infinity],
    ['CR and LF in turn, whole', 'data: a\ndata: b\r', Infinity],
    ['CRLF in tiny pieces', 'a\r\n', 1],
    ['blank lines, whole', '\n', Infinity],
    ['colons only', ':', Infinity],
    ['digits of a retry', '9', Infinity],
  ]

  it.each(shapes)('%s', async (_, unit, pieceChars) => {
    const parsing = (chars: number) => {
      const text = `data: a\nretry:${unit.repeat(chars / unit.length)}\n\n`
      const size = Math.min(pieceChars, text.length)
      const pieces: string[] = []
      for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size))
      const limits = { maxLineChars: Infinity, maxEventChars: Infinity, maxEventLines: Infinity }
      return () => {
        const parser = createSseParser({ onEvent: () => undefined, limits })
        for (const piece of pieces) parser.push(piece)
      }
    }
    expect(await costGrowth(parsing, { size: SMALL, factor: FACTOR })).toBeLessThan(TOO_STEEP)
  })
})
