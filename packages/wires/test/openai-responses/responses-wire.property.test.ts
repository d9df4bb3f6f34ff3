import type { StreamEvent } from '@sluice/core'
import {
  openAiResponses,
  openAiResponsesSource,
  responsesAfter,
  responsesFacts,
  toResponseObject,
} from '@sluice/wires/openai-responses'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { answering, cut } from '../rig/answering.ts'
import { hostileStream } from '../rig/hostile-events.ts'
import { finishedAnswer } from '../rig/merged-events.ts'
import { inChunks } from '../rig/chunked-entries.ts'
import { eventsOf, startOf, STREAM_ID, toEntries, writeOn } from '../rig/reading.ts'

const FACTS = responsesFacts({ model: 'm', input: 'hi', metadata: { a: 'b' } }, 1_700_000_000)

const sourceOf = (bytes: Uint8Array, sizes: readonly number[]) =>
  openAiResponsesSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering(cut(bytes, sizes)) })

/** What a response says, without the ids that its items have here. */
function saidIn(response: unknown): unknown {
  return JSON.parse(JSON.stringify(response, (name, value: unknown) => (name === 'id' ? undefined : value)))
}

test('contract 1: what is written and read again, cut anywhere, is the same text, reasoning, calls and usage', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(hostileStream, sizes, async (events, sizesOfCuts) => {
      const bytes = new TextEncoder().encode(writeOn(openAiResponses, events, { facts: FACTS }))
      const read = await eventsOf(sourceOf(bytes, sizesOfCuts))
      const end = events.at(-1)! as StreamEvent & { type: 'end' }
      expect(finishedAnswer([...read, end])).toEqual(finishedAnswer(events))
      const usage = read.findLast((event) => event.type === 'usage')?.usage
      expect(usage).toMatchObject({ inputTokens: end.usage!.inputTokens, outputTokens: end.usage!.outputTokens })
      const again = toResponseObject(FACTS, STREAM_ID, [...read, { ...end, usage }])
      expect(saidIn(again)).toEqual(saidIn(toResponseObject(FACTS, STREAM_ID, events)))
    }),
    { numRuns: 1_000 },
  )
})

test.each([true, false])(
  'contract 1: a reading that goes on after a drop writes the very bytes that were still to come; ids: %s',
  (ids) => {
    fc.assert(
      fc.property(hostileStream, (events) => {
        const whole = openAiResponses.create(FACTS, { ids })
        whole.open(startOf('start'))
        const entries = toEntries(events)
        const bytes = entries.map((entry) => String(whole.encode([entry])))
        for (let from = 1; from <= entries.length; from++) {
          const rest = openAiResponses.create(FACTS, { ids })
          rest.open(startOf('continue', events.slice(0, from)))
          expect(rest.encode(entries.slice(from))).toBe(bytes.slice(from).join(''))
        }
      }),
      { numRuns: 150 },
    )
  },
)

/** The events of a reading, each with its number. */
function numbered(bytes: string): { number: number; text: string }[] {
  const blocks = bytes.split('\n\n').filter((block) => block.includes('data: '))
  return blocks.map((text) => {
    const { sequence_number: number } = JSON.parse(text.slice(text.indexOf('data: ') + 6)) as {
      sequence_number: number
    }
    return { number, text }
  })
}

test('numbers rise, and starting after any of them gives exactly what had followed', () => {
  fc.assert(
    fc.property(hostileStream, (events) => {
      const all = numbered(writeOn(openAiResponses, events, { facts: FACTS }))
      for (const [index, { number }] of all.entries()) {
        if (index > 0) expect(number).toBeGreaterThan(all[index - 1]!.number)
        const { cursor, wire } = responsesAfter(STREAM_ID, number)
        const seq = Number(cursor.split('.')[2])
        const encoder = wire.create(FACTS, { ids: false })
        const opened = encoder.open(startOf(seq === 0 ? 'start' : 'continue', events.slice(0, seq)))
        const rest = numbered(`${String(opened)}${String(encoder.encode(toEntries(events).slice(seq)))}`)
        expect(rest).toEqual(all.slice(index + 1))
      }
    }),
    { numRuns: 60 },
  )
})

test('a client that goes on under another policy, after any number, has said nothing twice and missed nothing', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(hostileStream, sizes, sizes, fc.nat(), async (events, first, then, place) => {
      const encoder = openAiResponses.create(FACTS, { ids: false })
      const before = String(encoder.open(startOf('start'))) + String(encoder.encode(inChunks(events, first)))
      const all = numbered(before)
      const got = all.slice(0, (place % all.length) + 1)
      const { cursor, wire } = responsesAfter(STREAM_ID, got.at(-1)!.number)
      const seq = Number(cursor.split('.')[2])
      const other = wire.create(FACTS, { ids: false })
      const opened = other.open(startOf(seq === 0 ? 'start' : 'continue', events.slice(0, seq)))
      const rest = numbered(String(opened) + String(other.encode(inChunks(events, then, seq))))
      const bytes = [...got, ...rest].map(({ text }) => `${text}\n\n`).join('')
      const read = await eventsOf(sourceOf(new TextEncoder().encode(bytes), [4096]))
      expect(finishedAnswer([...read, events.at(-1)!])).toEqual(finishedAnswer(events))
    }),
    { numRuns: 500 },
  )
})

test('one item is open at a time, also where arguments come for an earlier call, and each is done in the end', () => {
  fc.assert(
    fc.property(hostileStream, (events) => {
      let open: number | undefined
      const done = new Set<number>()
      for (const { text } of numbered(writeOn(openAiResponses, events, { facts: FACTS }))) {
        const { type, output_index: index } = JSON.parse(text.slice(text.indexOf('data: ') + 6)) as {
          type: string
          output_index?: number
        }
        if (index === undefined) continue
        if (open === undefined) open = index
        expect(index).toBe(open)
        if (type === 'response.output_item.added') expect(done.has(index)).toBe(false)
        if (type !== 'response.output_item.done') continue
        done.add(index)
        open = undefined
      }
      expect(open).toBeUndefined()
      expect(done.size).toBe(done.size === 0 ? 0 : Math.max(...done) + 1)
    }),
    { numRuns: 500 },
  )
})
