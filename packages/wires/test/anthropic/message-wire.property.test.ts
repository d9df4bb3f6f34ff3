import type { SourceEvent, StreamEvent } from '@sluice/core'
import { anthropicMessages, anthropicSource, toAnthropicMessage } from '@sluice/wires/anthropic'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { answering, cut } from '../rig/answering.ts'
import { inChunks } from '../rig/chunked-entries.ts'
import { hostileStream } from '../rig/hostile-events.ts'
import { mergedAnswer } from '../rig/merged-events.ts'
import { eventsOf, FACTS, startOf, STREAM_ID, toEntries, writeOn } from '../rig/reading.ts'

const sourceOf = (bytes: Uint8Array, sizes: readonly number[]) =>
  anthropicSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering(cut(bytes, sizes)) })

/** What an answer says on this wire, where a refusal is a text; why it stopped is compared by itself. */
function said(events: readonly StreamEvent[]): SourceEvent[] {
  const texts = events.map((event): StreamEvent => (event.type === 'refusal' ? { ...event, type: 'text' } : event))
  return mergedAnswer(texts).filter(({ type }) => type !== 'finish')
}

/** A message that closes with a call has stopped for its sake, whatever its backend calls it. */
function reasonOf(events: readonly StreamEvent[]): string {
  const { reason } = events.at(-1) as StreamEvent & { type: 'end' }
  const opened = said(events).findLast((event) => event.type !== 'tool' || event.phase === 'call')
  return reason === 'stop' && opened?.type === 'tool' ? 'tool_calls' : reason
}

test('contract 1: what is written and read again, cut anywhere, is the same text, thinking, calls and usage', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(hostileStream, sizes, async (events, sizesOfCuts) => {
      const bytes = new TextEncoder().encode(writeOn(anthropicMessages, events))
      const read = await eventsOf(sourceOf(bytes, sizesOfCuts))
      const end = events.at(-1)! as StreamEvent & { type: 'end' }
      expect(said(read)).toEqual(said(events))
      expect(read.filter((event) => event.type === 'finish').map(({ reason }) => reason)).toEqual([reasonOf(events)])
      const usage = read.findLast((event) => event.type === 'usage')?.usage ?? { inputTokens: 0, outputTokens: 0 }
      expect(usage).toMatchObject({ inputTokens: end.usage!.inputTokens, outputTokens: end.usage!.outputTokens })
      const again = toAnthropicMessage(FACTS, STREAM_ID, [...read, { ...end, usage }])
      expect(again).toEqual(toAnthropicMessage(FACTS, STREAM_ID, events))
    }),
    { numRuns: 1_000 },
  )
})

test.each([true, false])(
  'contract 1: a reading that goes on after a drop, under another policy, writes what was still to come; ids: %s',
  (ids) => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(hostileStream, sizes, (events, chunks) => {
        const whole = anthropicMessages.create(FACTS, { ids })
        whole.open(startOf('start'))
        const entries = toEntries(events)
        const bytes = entries.map((entry) => String(whole.encode([entry])))
        for (let from = 1; from <= entries.length; from++) {
          const rest = anthropicMessages.create(FACTS, { ids })
          rest.open(startOf('continue', events.slice(0, from)))
          expect(rest.encode(entries.slice(from))).toBe(bytes.slice(from).join(''))
          const merged = anthropicMessages.create(FACTS, { ids })
          merged.open(startOf('continue', events.slice(0, from)))
          const written = String(merged.encode(inChunks(events, chunks, from)))
          expect(textIn(written)).toBe(textIn(bytes.slice(from).join('')))
        }
      }),
      { numRuns: 60 },
    )
  },
)

/** All that deltas say, by the block that they are of. */
function textIn(bytes: string): string {
  const texts: string[] = []
  for (const block of bytes.split('\n\n').filter((one) => one.startsWith('event: content_block_delta'))) {
    const line = block.split('\n').find((one) => one.startsWith('data: '))!
    const { index, delta } = JSON.parse(line.slice(6)) as { index: number; delta: Record<string, string> }
    texts[index] = (texts[index] ?? '') + (delta.text ?? delta.thinking ?? delta.partial_json ?? '')
  }
  return JSON.stringify(texts)
}

test('one block is open at a time, also where arguments come for an earlier call, and each is closed', () => {
  fc.assert(
    fc.property(hostileStream, (events) => {
      let open: number | undefined
      const stopped = new Set<number>()
      for (const [, line] of writeOn(anthropicMessages, events).matchAll(/^data: (.*)$/gm)) {
        const { type, index } = JSON.parse(line!) as { type: string; index?: number }
        if (index === undefined) continue
        if (open === undefined) open = index
        expect(index).toBe(open)
        if (type === 'content_block_start') expect(stopped.has(index)).toBe(false)
        if (type !== 'content_block_stop') continue
        stopped.add(index)
        open = undefined
      }
      expect(open).toBeUndefined()
      expect(stopped.size).toBe(stopped.size === 0 ? 0 : Math.max(...stopped) + 1)
    }),
    { numRuns: 500 },
  )
})
