import { formatSseEvent } from '@sluice/sse'
import { describe, expect, it, test } from 'vitest'

test('writes every field in a fixed order and ends with a blank line', () => {
  const fields = { data: 'hello', event: 'tick', id: 'a.1.2', retry: 0, comment: 'note' }
  expect(formatSseEvent(fields)).toBe(': note\nretry: 0\nid: a.1.2\nevent: tick\ndata: hello\n\n')
})

test('nothing to write is the empty string', () => {
  expect(formatSseEvent({})).toBe('')
  expect(formatSseEvent({ id: undefined, data: undefined })).toBe('')
})

test('empty data is written, for it makes an event', () => {
  expect(formatSseEvent({ data: '' })).toBe('data: \n\n')
})

test('an empty comment is the smallest heartbeat', () => {
  expect(formatSseEvent({ comment: '' })).toBe(':\n\n')
})

test('each line of data is a line of its own, whatever ends it (S1)', () => {
  expect(formatSseEvent({ data: 'a\nb\rc\r\nd\n\re\n' })).toBe(
    'data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\ndata: \n\n',
  )
})

test('space at the beginning of data survives', () => {
  expect(formatSseEvent({ data: ' a' })).toBe('data:  a\n\n')
})

test('a comment cannot leave its line (S1)', () => {
  expect(formatSseEvent({ comment: 'a\ndata: b\r\0c' })).toBe(': a data: b  c\n\n')
})

describe('id and event (S1)', () => {
  it.each(['a', 'A-Z_0.9:x', 'x'.repeat(256)])('take %j', (name) => {
    expect(formatSseEvent({ id: name, event: name })).toBe(`id: ${name}\nevent: ${name}\n\n`)
  })

  it.each(['', ' ', 'a b', 'a\n', 'a\r', 'a\0', 'é', 'a/b', '\u{FEFF}a', 'x'.repeat(257)])('refuse %j', (name) => {
    for (const field of ['id', 'event']) {
      expect(() => formatSseEvent({ [field]: name })).toThrow(
        expect.objectContaining({ code: 'SLUICE_ERR_OPTION', message: expect.stringContaining(`"${field}"`) }),
      )
    }
  })

  it('name the input they refuse, and no more of it than is of use', () => {
    expect(() => formatSseEvent({ id: 'a\nb' })).toThrow('"a\\nb"')
    expect(() => formatSseEvent({ id: 'é'.repeat(1e6) })).toThrow(/^.{1,300}$/)
  })
})

test.each([-1, 1.5, Number.NaN, Infinity, 1e21])('refuses %s as retry (S1)', (retry) => {
  expect(() => formatSseEvent({ retry })).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }))
})
