import type { Json, SourceEvent, StreamEvent } from '@sluice/core'
import { uiMessageStream } from '@sluice/wires/ai-sdk'
import { uiMessageChunkSchema } from 'ai'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { AiSdkParts } from '../../src/ai-sdk/source/ai-sdk-parts.ts'
import { inChunks } from '../rig/chunked-entries.ts'
import { hostileStream } from '../rig/hostile-events.ts'
import { mergedAnswer } from '../rig/merged-events.ts'
import { dataOf, FACTS, startOf, toEntries, writeOn } from '../rig/reading.ts'

/** What an answer says on this wire: a refusal is a text, and arguments that are no JSON stay in pieces. */
function said(events: readonly StreamEvent[]): SourceEvent[] {
  const texts = events.map((event): StreamEvent => (event.type === 'refusal' ? { ...event, type: 'text' } : event))
  return mergedAnswer(texts)
    .filter((event) => event.type !== 'finish' && !isNoInput(event))
    .map((event) => {
      if (event.type !== 'reasoning') return event
      const { as: _, ...plain } = event
      return plain
    })
}

/** A call without any arguments has an empty object for its input. */
function isNoInput(event: SourceEvent): boolean {
  return event.type === 'tool' && event.phase === 'args' && event.text === '{}'
}

/** Pieces of reasoning that differ in their names alone are one thought here. */
function merged(events: readonly SourceEvent[]): SourceEvent[] {
  return mergedAnswer(events as StreamEvent[])
}

function readAgain(bytes: string): SourceEvent[] {
  const parts = new AiSdkParts()
  const items = dataOf(bytes).flatMap((part) => (part === '[DONE]' ? [] : parts.take(part)))
  return items.map((item) => (typeof item === 'string' ? { type: 'text', text: item } : item))
}

test('rule 1: what is written and read again is the same text, reasoning, calls, data, usage and reason', () => {
  fc.assert(
    fc.property(hostileStream, (events) => {
      const read = readAgain(writeOn(uiMessageStream, events))
      const end = events.at(-1)! as StreamEvent & { type: 'end' }
      expect(merged(said(read as StreamEvent[]))).toEqual(merged(said(events)))
      const dataIn = (all: readonly StreamEvent[]): unknown[] =>
        all.flatMap((event) => (event.type === 'data' && event.extra === undefined ? [event.data] : []))
      expect(dataIn(read as StreamEvent[])).toEqual(JSON.parse(JSON.stringify(dataIn(events))))
      const { extra: _, ...counts } = end.usage!
      expect(read.slice(-2)).toEqual([
        { type: 'usage', usage: counts },
        { type: 'finish', reason: end.reason },
      ])
    }),
    { numRuns: 1_000 },
  )
})

test('every part is one that the AI SDK takes', async () => {
  const { validate } = uiMessageChunkSchema()
  await fc.assert(
    fc.asyncProperty(hostileStream, async (events) => {
      for (const part of dataOf(writeOn(uiMessageStream, events))) {
        if (part === '[DONE]') continue
        expect([(await validate!(part)).success, part]).toEqual([true, part])
      }
    }),
    { numRuns: 100 },
  )
})

test.each([true, false])(
  'rule 1: a reading that goes on after a drop, under another policy, writes what was still to come; ids: %s',
  (ids) => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(hostileStream, sizes, (events, chunks) => {
        const whole = uiMessageStream.create(FACTS, { ids })
        whole.open(startOf('start'))
        const entries = toEntries(events)
        const bytes = entries.map((entry) => String(whole.encode([entry])))
        for (let from = 1; from <= entries.length; from++) {
          const rest = uiMessageStream.create(FACTS, { ids })
          rest.open(startOf('continue', events.slice(0, from)))
          expect(rest.encode(entries.slice(from))).toBe(bytes.slice(from).join(''))
        }
        const again = uiMessageStream.create(FACTS, { ids })
        again.open(startOf('start'))
        const out = String(again.encode(inChunks(events, chunks)))
        expect(merged(said(readAgain(out) as StreamEvent[]))).toEqual(merged(said(events)))
      }),
      { numRuns: 100 },
    )
  },
)

test('whoever begins in the middle is given the same message', () => {
  fc.assert(
    fc.property(hostileStream, fc.nat(), (events, place) => {
      const from = place % events.length
      const late = uiMessageStream.create(FACTS, { ids: false })
      const opened = String(late.open(startOf('middle', events.slice(0, from))))
      const bytes = opened + String(late.encode(toEntries(events).slice(from)))
      expect(dataOf(bytes)).toEqual(dataOf(writeOn(uiMessageStream, events)))
    }),
  )
})

test('a stream that was cut, failed or was cancelled is never a whole answer', () => {
  const text: StreamEvent = { type: 'text', text: 'a' }
  const partsOf = (end: StreamEvent): unknown[] => dataOf(writeOn(uiMessageStream, [text, end])).slice(4)
  expect(partsOf({ type: 'end', reason: 'interrupted', complete: false, cause: 'lease' })).toEqual([
    { type: 'text-end', id: '0' },
    { type: 'error', errorText: 'The answer was interrupted before it was complete.' },
  ])
  const error = { code: 'SLUICE_ERR_BACKEND', message: 'Full.' }
  expect(partsOf({ type: 'end', reason: 'error', complete: false, error })).toEqual([
    { type: 'text-end', id: '0' },
    { type: 'error', errorText: 'Full.' },
  ])
  expect(partsOf({ type: 'end', reason: 'cancelled', complete: false, cause: 'client' })).toEqual([
    { type: 'text-end', id: '0' },
    { type: 'abort', reason: 'cancelled: client' },
    '[DONE]',
  ])
  const reading = uiMessageStream.create(FACTS, { ids: false })
  reading.open(startOf('start'))
  const closed = String(reading.closed({ type: 'closed', code: 'draining', cursor: 'c' }))
  expect(dataOf(closed)).toEqual([{ type: 'error', errorText: expect.stringContaining('draining') as Json }])
})
