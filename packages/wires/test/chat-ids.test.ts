import type { StreamEvent } from '@sluice/core'
import { openAiChat } from '@sluice/wires/openai'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAsGenerated } from './rig/generated-decoder.ts'
import { hostileStream } from './rig/hostile-events.ts'
import { dataOf, FACTS, startOf, STOP, toEntries, write } from './rig/reading.ts'

const WITH_USAGE = { ...FACTS, includeUsage: true }

/** Bytes of a reading that is silent now and then, event by event. */
function writeWithSilence(events: readonly StreamEvent[], silent: (index: number) => boolean, ids: boolean): string {
  const encoder = openAiChat.create(WITH_USAGE, { ids })
  let bytes = String(encoder.open(startOf('start')))
  for (const [index, entry] of toEntries(events).entries()) {
    if (silent(index)) bytes += String(encoder.heartbeat())
    bytes += String(encoder.encode([entry]))
  }
  return bytes
}

test('without ids there are only comments and blocks of one data line, as the provider itself sends them', () => {
  fc.assert(
    fc.property(hostileStream, fc.func(fc.boolean()), (events, silent) => {
      const blocks = writeWithSilence(events, silent, false).split('\n\n')
      expect(blocks.pop()).toBe('')
      for (const block of blocks) expect(block).toMatch(/^(data: [^\n]*|: open|: keep-alive)$/)
    }),
    { numRuns: 500 },
  )
})

test.each([false, true])('a decoder that never forgets an id dispatches nothing but data; ids: %s', (ids) => {
  fc.assert(
    fc.property(hostileStream, fc.func(fc.boolean()), (events, silent) => {
      const dispatched = decodeAsGenerated(writeWithSilence(events, silent, ids))
      const data = dispatched.map((one) => (one.data === '[DONE]' ? one.data : (JSON.parse(one.data) as unknown)))
      expect(data).toEqual(dataOf(write(events, WITH_USAGE)))
    }),
    { numRuns: 500 },
  )
})

test('contract 1: cut anywhere, a client that goes on after its last id misses nothing, and repeats one event at most', () => {
  fc.assert(
    fc.property(hostileStream, fc.nat(), (events, at) => {
      const whole = write(events, WITH_USAGE, true)
      const received = decodeAsGenerated(whole.slice(0, at % (whole.length + 1)))
      const seq = Number(
        received
          .findLast(({ id }) => id !== undefined)
          ?.id?.split('.')
          .at(-1) ?? 0,
      )
      const rest = openAiChat.create(WITH_USAGE, { ids: true })
      const again = `${String(rest.open(startOf('continue', events.slice(0, seq))))}${String(rest.encode(toEntries(events).slice(seq)))}`
      const all = decodeAsGenerated(whole)
      // Blocks since the last id belong to an event whose last block did not come.
      const known = received.findLastIndex(({ id }, index) => id !== undefined && id !== received[index - 1]?.id) + 1
      const next = decodeAsGenerated(again).map(({ data }) => data)
      expect([...received.slice(0, known).map(({ data }) => data), ...next]).toEqual(all.map(({ data }) => data))
    }),
    { numRuns: 500 },
  )
})

test('the cursor comes after the data, in the last block of an event only', () => {
  const bytes = write([{ type: 'text', text: 'a' }, { type: 'text', text: 'b', choice: 1 }, STOP], FACTS, true)
  const blocks = bytes.split('\n\n').filter((block) => block.includes('data: '))
  expect(blocks.map((block) => /\nid: (\S+)$/.exec(block)?.[1])).toEqual([
    's1.1.1',
    's1.1.2',
    undefined,
    undefined,
    's1.1.3',
  ])
})

test('an event that has no place on this wire has no block, and the cursor after it comes with the next one', () => {
  const text: StreamEvent = { type: 'text', text: 'a' }
  const bytes = write([text, { type: 'data', name: 'progress', data: 1 }, text], FACTS, true)
  expect([...bytes.matchAll(/^id: (.*)$/gm)].map(([, id]) => id)).toEqual(['s1.1.1', 's1.1.3'])
})

test('contract 11: gives no cursor with what its store does not have, and says all else the same', () => {
  const events: StreamEvent[] = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b', choice: 1 },
    { type: 'tool', phase: 'call', id: 'a', name: 'f' },
    STOP,
  ]
  for (let stored = 0; stored <= events.length; stored++) {
    const encoder = openAiChat.create(FACTS, { ids: true })
    const entries = toEntries(events).map((entry) =>
      entry.seq > stored ? { ...entry, withheld: true as const } : entry,
    )
    const bytes = `${String(encoder.open(startOf('start')))}${String(encoder.encode(entries))}`
    expect([...bytes.matchAll(/^id: (.*)$/gm)].map(([, id]) => id)).toEqual(
      Array.from({ length: stored }, (_, index) => `s1.1.${index + 1}`),
    )
    expect(dataOf(bytes)).toEqual(dataOf(write(events)))
  }
})

test('a heartbeat is a comment, and with ids a part of the next block', () => {
  expect(openAiChat.create(FACTS, { ids: false }).heartbeat()).toBe(': keep-alive\n\n')
  expect(openAiChat.create(FACTS, { ids: true }).heartbeat()).toBe(': keep-alive\n')
})

test.each([
  [true, 'ask again with the last event id'],
  [false, 'where Content-Location says'],
])('a reading that is over says how to go on; ids: %s', (ids, way) => {
  const encoder = openAiChat.create(FACTS, { ids })
  encoder.open(startOf('start'))
  const bytes = String(encoder.closed({ type: 'closed', code: 'stalled', cursor: 's1.1.4' }))
  expect(bytes).not.toContain('id:')
  expect(dataOf(bytes)).toEqual([
    { error: expect.objectContaining({ message: expect.stringContaining(way) as string }) },
  ])
})
