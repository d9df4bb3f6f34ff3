import type { StreamEvent } from '@sluice/core'
import { createResumeState, type EncoderStart } from '@sluice/core/extend'
import { nativeSse } from '@sluice/sse'
import { describe, expect, it, test } from 'vitest'

const ID = '6qf3abcdefghjkmnpqrstvwxyz'
const start: EncoderStart = {
  opened: { type: 'opened', id: ID, cursor: `${ID}.1.0`, meta: { model: 'm', nothing: undefined } },
  resumeState: createResumeState(),
  mode: 'start',
  ended: false,
}

function encode(...events: StreamEvent[]): string {
  const encoder = nativeSse.create({}, { ids: true })
  encoder.open(start)
  return encoder.encode(events.map((event, index) => ({ event, epoch: 1, seq: index + 1 }))) as string
}

test('says what it is', () => {
  expect(nativeSse).toMatchObject({ name: 'native', contentType: 'text/event-stream; charset=utf-8', resumable: true })
})

test('opens with the reconnection time and where the reading begins, without an id', () => {
  expect(nativeSse.create({}, { ids: true }).open(start)).toBe(
    `retry: 1000\nevent: opened\ndata: {"id":"${ID}","cursor":"${ID}.1.0","meta":{"model":"m"}}\n\n`,
  )
})

describe('one SSE event per event: the cursor after it, its type, the rest as JSON', () => {
  const cases: [string, StreamEvent, string][] = [
    ['text', { type: 'text', text: 'Hello wor' }, '{"text":"Hello wor"}'],
    ['text of the first choice', { type: 'text', text: 'a', choice: 0 }, '{"text":"a"}'],
    ['text of another choice', { type: 'text', text: 'a', choice: 2 }, '{"text":"a","choice":2}'],
    [
      'text with more',
      { type: 'text', text: 'a', extra: { logprobs: null } },
      '{"text":"a","extra":{"logprobs":null}}',
    ],
    ['text with line ends', { type: 'text', text: 'a\r\n\u{2028}"' }, '{"text":"a\\r\\n\\u2028\\""}'],
    ['reasoning', { type: 'reasoning', text: 'hm' }, '{"text":"hm"}'],
    ['refusal of the first choice', { type: 'refusal', text: 'no', choice: 0 }, '{"text":"no"}'],
    ['tool', { type: 'tool', phase: 'call', id: 'c1', name: 'f' }, '{"phase":"call","id":"c1","name":"f"}'],
    ['data', { type: 'data', name: 'step', data: { type: 1 } }, '{"name":"step","data":{"type":1}}'],
    ['usage', { type: 'usage', usage: { outputTokens: 3, inputTokens: undefined } }, '{"usage":{"outputTokens":3}}'],
    ['finish', { type: 'finish', reason: 'stop', choice: 1 }, '{"reason":"stop","choice":1}'],
    ['end', { type: 'end', reason: 'stop', complete: true, usage: undefined }, '{"reason":"stop","complete":true}'],
  ]

  it.each(cases)('%s', (_, event, data) => {
    expect(encode(event)).toBe(`id: ${ID}.1.1\nevent: ${event.type}\ndata: ${data}\n\n`)
  })
})

test('contract 11: what the store does not have has no id, whatever it is', () => {
  const encoder = nativeSse.create({}, { ids: true })
  encoder.open(start)
  const events: StreamEvent[] = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b', choice: 1 },
    { type: 'end', reason: 'stop', complete: true },
  ]
  const entries = events.map((event, index) => ({ event, epoch: 1, seq: index + 2, withheld: true as const }))
  expect(encoder.encode([{ event: { type: 'text', text: 'stored' }, epoch: 1, seq: 1 }, ...entries])).toBe(
    `id: ${ID}.1.1\nevent: text\ndata: {"text":"stored"}\n\n` +
      `event: text\ndata: {"text":"a"}\n\n` +
      `event: text\ndata: {"text":"b","choice":1}\n\n` +
      `event: end\ndata: {"reason":"stop","complete":true}\n\n`,
  )
})

test('a chunk is one run of bytes, and an event is left as it was', () => {
  const event: StreamEvent = Object.freeze({ type: 'text', text: 'a', choice: 0 })
  expect(encode(event, { type: 'usage', usage: {} }, event)).toBe(
    `id: ${ID}.1.1\nevent: text\ndata: {"text":"a"}\n\n` +
      `id: ${ID}.1.2\nevent: usage\ndata: {"usage":{}}\n\n` +
      `id: ${ID}.1.3\nevent: text\ndata: {"text":"a"}\n\n`,
  )
  expect(encode()).toBe('')
})

test('ids follow the epoch from one event to the next', () => {
  const encoder = nativeSse.create({}, { ids: true })
  encoder.open(start)
  const event: StreamEvent = { type: 'text', text: 'a' }
  const encoded = encoder.encode([1, 1, 2, 1].map((epoch, index) => ({ event, epoch, seq: index + 7 }))) as string
  expect(encoded.match(/^id: .*$/gm)).toEqual(['1.7', '1.8', '2.9', '1.10'].map((place) => `id: ${ID}.${place}`))
})

describe('closed', () => {
  const encoder = nativeSse.create({}, { ids: true })

  it('carries code and cursor, and no id', () => {
    expect(encoder.closed({ type: 'closed', code: 'draining', cursor: `${ID}.1.3` })).toBe(
      `event: closed\ndata: {"code":"draining","cursor":"${ID}.1.3"}\n\n`,
    )
    expect(encoder.closed({ type: 'closed', code: 'trimmed' })).toBe('event: closed\ndata: {"code":"trimmed"}\n\n')
  })

  it('asks for a quick return when it is a rotation, and says where to, unless an event has', () => {
    const rotating = nativeSse.create({}, { ids: true })
    rotating.open(start)
    const rotate = (seq: number): string => {
      const cursor = `${ID}.1.${seq}`
      const closed = `retry: 100\nevent: closed\ndata: {"code":"rotate","cursor":"${cursor}"}\n\n`
      const bytes = String(rotating.closed({ type: 'closed', code: 'rotate', cursor }))
      expect(bytes.endsWith(closed)).toBe(true)
      return bytes.slice(0, -closed.length)
    }
    const text: StreamEvent = { type: 'text', text: 'a' }
    expect(rotate(0)).toBe(`id: ${ID}.1.0\n\n`)
    rotating.encode([{ event: text, epoch: 1, seq: 3 }])
    expect(rotate(3)).toBe('')
    rotating.encode([{ event: text, epoch: 1, seq: 4, withheld: true }])
    expect(rotate(4)).toBe(`id: ${ID}.1.4\n\n`)
    // By the standard who came with an id has it no more: what is told without one takes it away.
    const again = nativeSse.create({}, { ids: true })
    again.open({ ...start, opened: { ...start.opened, cursor: `${ID}.1.7` }, mode: 'continue' })
    expect(again.closed({ type: 'closed', code: 'rotate', cursor: `${ID}.1.7` })).toMatch(/^id: \w+\.1\.7\n\n/)
  })
})

test('a heartbeat is a comment, and a part of the next block', () => {
  expect(nativeSse.create({}, { ids: true }).heartbeat()).toBe(':\n')
})

test('an id that is none is refused before anything is written (S1)', () => {
  const opened = { ...start.opened, id: 'a\ndata: b' }
  expect(() => nativeSse.create({}, { ids: true }).open({ ...start, opened })).toThrow(
    expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }),
  )
})
