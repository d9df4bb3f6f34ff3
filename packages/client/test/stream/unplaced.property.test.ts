import type { StreamEvent } from '@sluice/core'
import { attach, type ClientEvent } from '@sluice/client'
import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createUnplaced } from '../../src/stream/unplaced.ts'
import { QUICK } from '../rig/quick.ts'
import { createWithholdingServer } from '../rig/withholding-server.ts'

const URL = 'http://server/v1/streams/s'
const text = fc.constantFrom('a', 'b', 'ab', 'ba', ' ', '👩🏽‍🚀', '', 'aa')
const events: fc.Arbitrary<StreamEvent> = fc.oneof(
  { weight: 6, arbitrary: text.map((piece): StreamEvent => ({ type: 'text', text: piece })) },
  text.map((piece): StreamEvent => ({ type: 'reasoning', text: piece })),
  text.map((piece): StreamEvent => ({ type: 'text', text: piece, choice: 1 })),
  text.map((piece): StreamEvent => ({ type: 'tool', phase: 'args', id: 'call', text: piece })),
  fc.nat(2).map((data): StreamEvent => ({ type: 'data', name: 'step', data })),
)
const servings = fc.array(fc.record({ events: fc.nat(6), stores: fc.nat(6), merges: fc.integer({ min: 1, max: 4 }) }), {
  maxLength: 6,
})

/** What a reader has come by, however it was cut: neighbours of a kind as one. */
function wholeOf(given: readonly (ClientEvent | StreamEvent)[]): unknown[] {
  const whole: { kind: string; text: string }[] = []
  for (const event of given) {
    if (event.type === 'end') continue
    const { text: words = '', ...rest } = event as { text?: string }
    const kind = JSON.stringify(rest)
    const last = whole.at(-1)
    if (last?.kind === kind && 'text' in event) last.text += words
    else if (!('text' in event) || words !== '') whole.push({ kind, text: words })
  }
  return whole
}

test('contract 1: what was given without a cursor is given once, however often the connection breaks and however it is merged then', () =>
  check(
    fc.asyncProperty(fc.array(events, { maxLength: 20 }), servings, async (log, broken) => {
      const stream = attach({ url: URL }, { transport: createWithholdingServer(log, broken), resume: QUICK })
      const given: ClientEvent[] = []
      for await (const event of stream) given.push(event)
      expect(wholeOf(given)).toEqual(wholeOf(log))
      expect(stream.end).toMatchObject({ complete: true })
    }),
  ))

test('contract 2: where the stream says something else after a break than what was given, reading fails, and nothing is given twice', async () => {
  const said = (...words: string[]): StreamEvent[] => words.map((word) => ({ type: 'text', text: word }))
  const before = createWithholdingServer(said('one ', 'two '), [{ events: 2, stores: 1, merges: 1 }])
  const after = createWithholdingServer(said('one ', 'to', ' else'), [])
  let opened = 0
  const transport = {
    name: 'two',
    open: (...how: Parameters<typeof before.open>) => (opened++ ? after : before).open(...how),
  }
  const stream = attach({ url: URL }, { transport, resume: QUICK })
  const given: unknown[] = []
  const reading = (async () => {
    for await (const event of stream) given.push(event)
  })()
  await expect(reading).rejects.toMatchObject({ code: 'SLUICE_ERR_CURSOR_AHEAD' })
  expect(given).toEqual(said('one ', 'two '))
  expect(opened).toBe(2)
})

test('contract 6: what is remembered is bounded: more than that, and a break is final', () => {
  const unplaced = createUnplaced()
  const piece: StreamEvent = { type: 'text', text: 'x'.repeat(2 ** 16) }
  unplaced.begin('s.1.0')
  for (let index = 0; index < 40; index++) expect(unplaced.news(piece, undefined, 's.1.0')).toBe(piece)
  unplaced.begin('s.1.0')
  expect(() => unplaced.news(piece, 's.1.1', 's.1.0')).toThrow('lost')
  // A place of its own makes it whole again.
  unplaced.begin('s.1.40')
  expect(unplaced.news(piece, 's.1.41', 's.1.40')).toBe(piece)
})
