import { isTextual, type SourceEvent, type StreamEvent } from '@sluice/core'
import { openAiChat, openAiChatSource, toChatCompletion } from '@sluice/wires/openai'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { answering, cut } from './rig/answering.ts'
import { hostileStream } from './rig/hostile-events.ts'
import { eventsOf, FACTS, startOf, STREAM_ID, toEntries, write } from './rig/reading.ts'

const WITH_USAGE = { ...FACTS, includeUsage: true }

/** What a reader of each choice gets, neighbours merged, whatever came with it. */
function merged(events: readonly StreamEvent[]): Map<number, SourceEvent[]> {
  const choices = new Map<number, SourceEvent[]>()
  for (const event of events) {
    if (event.type === 'end' || event.type === 'usage' || event.type === 'data') continue
    const { extra: _, ...rest } = event
    const own = choices.get(event.choice ?? 0) ?? []
    choices.set(event.choice ?? 0, own)
    const last = own.at(-1)
    if (isTextual(event) && event.text === '') continue
    if (last && isTextual(last) && isTextual(event) && continues(last, event)) last.text += event.text
    else own.push(rest)
  }
  return choices
}

function continues(last: SourceEvent, next: SourceEvent): boolean {
  return last.type === next.type && (last.type !== 'tool' || next.type !== 'tool' || last.id === next.id)
}

function finishedAtEnd(events: readonly StreamEvent[]): Map<number, SourceEvent[]> {
  const choices = merged(events)
  const end = events.at(-1)!
  if (end.type !== 'end' || end.reason === 'cancelled' || end.reason === 'error' || end.reason === 'interrupted')
    return choices
  if (choices.size === 0) choices.set(0, [])
  for (const [choice, own] of choices) {
    if (own.at(-1)?.type !== 'finish') own.push({ type: 'finish', reason: end.reason, ...(choice > 0 && { choice }) })
  }
  return choices
}

test('rule 1: what is written and read again, cut anywhere, is the same text, calls, usage and extras', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(hostileStream, sizes, async (events, cuts) => {
      const bytes = new TextEncoder().encode(write(events, WITH_USAGE))
      const source = openAiChatSource({
        baseUrl: 'http://backend/v1',
        body: { model: 'm' },
        fetch: answering(cut(bytes, cuts)),
      })
      const read = await eventsOf(source)
      const end = events.at(-1)! as StreamEvent & { type: 'end' }
      expect(merged(read)).toEqual(finishedAtEnd(events))
      expect(read.findLast((event) => event.type === 'usage')?.usage).toEqual(end.usage)
      const before = toChatCompletion(FACTS, STREAM_ID, events)
      expect(toChatCompletion(FACTS, STREAM_ID, read)).toEqual(before)
    }),
    { numRuns: 1500 },
  )
})

test.each([true, false])(
  'rule 1: a reading that goes on after a drop writes the very bytes that were still to come; ids: %s',
  (ids) => {
    fc.assert(
      fc.property(hostileStream, (events) => {
        const whole = openAiChat.create(WITH_USAGE, { ids })
        whole.open(startOf('start'))
        const entries = toEntries(events)
        const bytes = entries.map((entry) => String(whole.encode([entry])))
        for (let from = 0; from <= entries.length; from++) {
          const rest = openAiChat.create(WITH_USAGE, { ids })
          rest.open(startOf('continue', events.slice(0, from)))
          expect(rest.encode(entries.slice(from))).toBe(bytes.slice(from).join(''))
        }
      }),
      { numRuns: 500 },
    )
  },
)
