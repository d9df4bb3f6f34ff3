import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeError } from '../../src/log/describe-error.ts'
import { createLog, type LogFields } from '../../src/log/log.ts'

const NOW = new Date('2026-11-30T12:00:00.000Z')

function lines(format: 'text' | 'json', level: 'quiet' | 'info' | 'debug' = 'info') {
  const written: string[] = []
  return { written, log: createLog({ level, format, write: (line) => written.push(line), now: () => NOW }) }
}

describe('a line', () => {
  test('of text has time, level, message and facts', () => {
    const { written, log } = lines('text')
    log.warn('The backend does not answer', { reason: 'refused', status: 502, stream: undefined, said: 'no "way"' })
    expect(written).toEqual([
      '2026-11-30T12:00:00.000Z warn  The backend does not answer reason=refused status=502 said="no \\"way\\""\n',
    ])
  })

  test('of JSON has them as members', () => {
    const { written, log } = lines('json')
    log.error('It broke', { status: 502, stream: undefined })
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
      { time: NOW.toISOString(), level: 'error', message: 'It broke', status: 502 },
    ])
  })

  test.each(['text', 'json'] as const)('of %s is one line, and not a long one, whatever is in it', (format) => {
    const field = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\r\n2026 error', '\u2028', 'x'.repeat(9_999)),
    )
    fc.assert(
      fc.property(field, fc.dictionary(fc.constantFrom('a', 'b'), field), (message, fields: LogFields) => {
        const { written, log } = lines(format)
        log.info(message, fields)
        expect(written).toHaveLength(1)
        expect(written[0]!.slice(0, -1)).not.toMatch(/[\r\n]/)
        expect(written[0]!.length).toBeLessThan(12_000)
      }),
    )
  })
})

test.each([
  ['quiet', []],
  ['info', ['info', 'warn', 'error']],
  ['debug', ['debug', 'info', 'warn', 'error']],
] as const)('at %s, %j are written', (level, expected) => {
  const { written, log } = lines('json', level)
  for (const line of ['debug', 'info', 'warn', 'error'] as const) log[line]('x')
  expect(written.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected)
})

test('an error is described with its causes, and the addresses that were tried', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:9'), { code: 'ECONNREFUSED' })
  const tried = Object.assign(new AggregateError([refused], ''), { code: 'ECONNREFUSED' })
  expect(describeError(new Error('The backend could not be reached.', { cause: tried }))).toBe(
    'The backend could not be reached.: connect ECONNREFUSED ::1:9',
  )
  expect(describeError(Object.assign(new Error('write'), { code: 'EPIPE' }))).toBe('write (EPIPE)')
  expect(describeError('only words')).toBe('only words')
  expect(describeError(undefined)).toBe('')
})
