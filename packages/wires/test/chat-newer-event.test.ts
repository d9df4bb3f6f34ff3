import type { StreamEvent } from '@sluice/core'
import { toChatCompletion } from '@sluice/wires/openai'
import { expect, test } from 'vitest'
import { dataOf, FACTS, STOP, STREAM_ID, text, write } from './rig/reading.ts'

/** As a process of a newer version may have stored it. */
const CITATION = { type: 'citation', url: 'https://example.com' } as unknown as StreamEvent

test.each([
  ['first', [CITATION, text('a'), STOP]],
  ['in the middle', [text('a'), CITATION, STOP]],
])('an event of a type that is not known has no chunk, also where it comes %s', (_, events) => {
  const known = events.filter((event) => event !== CITATION)
  expect(dataOf(write(events))).toEqual(dataOf(write(known)))
})

test('such an event begins no choice of a completion', () => {
  expect(toChatCompletion(FACTS, STREAM_ID, [CITATION, STOP])).toEqual(toChatCompletion(FACTS, STREAM_ID, [STOP]))
})
