import { createSseParser, DEFAULT_SSE_LIMITS, type SseEvent, type SseLimits } from '@sluice/sse'
import { describe, expect, it, test } from 'vitest'

import { cutAt, parsePieces } from './rig/parse-pieces.ts'
import { parseBySpec } from './rig/spec-parser.ts'
import { bytesOf, piecesOf, sseVectors } from './rig/sse-vectors.ts'

describe.each(sseVectors)('$name: $why', (vector) => {
  const { events, comments, retry, discarded } = vector
  const expected = { events, comments, retry, discarded }
  const bytes = bytesOf(vector)

  it('reads it in the pieces given, and whole', () => {
    expect(parsePieces(piecesOf(vector))).toEqual(expected)
    expect(parsePieces([bytes])).toEqual(expected)
  })

  it('reads it cut after every byte, and in two at each byte', () => {
    expect(parsePieces(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected)
    for (let place = 0; place <= bytes.length; place++) expect(parsePieces(cutAt(bytes, [place]))).toEqual(expected)
  })

  it('is read alike by the standard, word for word', () => {
    expect(parseBySpec(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))).toEqual(expected)
  })
})

test.each(sseVectors.filter(({ input }) => input !== undefined))('$name, cut after every UTF-16 unit', (vector) => {
  const { input = '', events, comments, retry, discarded } = vector
  expect(parsePieces(input.split(''))).toEqual({ events, comments, retry, discarded })
})

test('text and bytes may follow one another', () => {
  const [first, second] = cutAt(new TextEncoder().encode('é'), [1])
  expect(parsePieces(['data: ', first!, second!, 'a\n', new TextEncoder().encode('\n')]).events).toMatchObject([
    { data: 'éa' },
  ])
  expect(parsePieces([new TextEncoder().encode('data: '), first!, 'a\n\n']).events).toMatchObject([
    { data: '\u{FFFD}a' },
  ])
})

test('a reset parser begins a new stream: no id, no half line, a BOM of its own', () => {
  const events: SseEvent[] = []
  const parser = createSseParser({ onEvent: (event) => events.push(event) })
  parser.push('id: 1\ndata: a\n\nid: 2\ndata: b')
  parser.reset()
  parser.push('\u{FEFF}data: c\n\n')
  expect(events.map(({ id, data }) => [id, data])).toEqual([
    ['1', 'a'],
    ['', 'c'],
  ])
})

test('an ended parser begins a new stream too', () => {
  const events: SseEvent[] = []
  const parser = createSseParser({ onEvent: (event) => events.push(event) })
  parser.push('id: 1\ndata: a\r')
  expect(parser.end()).toEqual({ discarded: true })
  parser.push('\ndata: b\n\n')
  expect(parser.end()).toEqual({ discarded: false })
  expect(events).toEqual([{ id: '', event: 'message', data: 'b' }])
})

test('a reconnection time beyond all reason is a number still', () => {
  expect(parsePieces([`retry: ${'9'.repeat(1000)}\n`]).retry).toEqual([Number.MAX_SAFE_INTEGER])
})

describe('limits', () => {
  const at: [string, SseLimits, string][] = [
    ['maxLineChars', { maxLineChars: 10 }, 'data: 7890'],
    ['maxLineChars of a comment', { maxLineChars: 10 }, ': 34567890'],
    ['maxEventChars', { maxEventChars: 5 }, 'data: a\ndata: bcd'],
    ['maxEventLines', { maxEventLines: 3 }, 'data\ndata\ndata: a'],
  ]

  it.each(at)('%s: lets pass what just fits, however it is cut', (_, limits, input) => {
    const stream = `${input}\n\n${input}\n\n`
    expect(parsePieces([stream], limits)).toEqual(parseBySpec(stream))
    expect(parsePieces(stream.split(''), limits)).toEqual(parseBySpec(stream))
  })

  const over: [string, SseLimits, string][] = [
    ['maxLineChars', { maxLineChars: 10 }, 'data: 78901\n'],
    ['maxLineChars, with no line end yet', { maxLineChars: 10 }, 'data: 78901'],
    ['maxLineChars of a comment', { maxLineChars: 10 }, ': 345678901'],
    ['maxEventChars', { maxEventChars: 5 }, 'data: ab\ndata: cde\n'],
    ['maxEventLines', { maxEventLines: 3 }, 'data\ndata\ndata\ndata\n'],
  ]

  it.each(over)('%s: fails over it, after the events before, however it is cut', (name, limits, input) => {
    const stream = `data: a\n\n${input}`
    for (const pieces of [[stream], stream.split('')]) {
      const events: SseEvent[] = []
      const parser = createSseParser({ onEvent: (event) => events.push(event), limits })
      expect(() => pieces.forEach((piece) => parser.push(piece))).toThrow(
        expect.objectContaining({ code: 'SLUICE_ERR_PARSE', message: expect.stringContaining(name.split(/[, ]/)[0]!) }),
      )
      expect(events).toMatchObject([{ data: 'a' }])
    }
  })

  it('stays failed until it is reset', () => {
    const events: SseEvent[] = []
    const parser = createSseParser({ onEvent: (event) => events.push(event), limits: { maxLineChars: 8 } })
    const push = (piece: string) => () => parser.push(piece)
    expect(push('data: 12345')).toThrow('maxLineChars')
    expect(push('\n\n')).toThrow('maxLineChars')
    expect(parser.end()).toEqual({ discarded: true })
    expect(push('data: a\n\n')).toThrow('maxLineChars')
    parser.reset()
    parser.push('data: b\n\n')
    expect(events).toMatchObject([{ data: 'b' }])
  })

  it('stays failed when a callback threw', () => {
    const parser = createSseParser({
      onEvent: () => {
        throw new RangeError('no')
      },
    })
    expect(() => parser.push('data: a\n\n')).toThrow(RangeError)
    expect(() => parser.push('data: b\n\n')).toThrow(RangeError)
  })

  it('explicit undefined means the default', () => {
    const line = `data: ${'a'.repeat(DEFAULT_SSE_LIMITS.maxLineChars - 6)}\n\n`
    expect(parsePieces([line], { maxLineChars: undefined }).events).toHaveLength(1)
    expect(() => parsePieces([`a${line}`], { maxLineChars: undefined })).toThrow('maxLineChars')
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %s as a limit', (maxEventChars) => {
    expect(() => createSseParser({ onEvent: () => undefined, limits: { maxEventChars } })).toThrow(
      expect.objectContaining({ code: 'SLUICE_ERR_OPTION', message: expect.stringContaining('maxEventChars') }),
    )
  })
})
