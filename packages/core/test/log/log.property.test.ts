/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import type { StreamEvent } from '@sluice/core'
import {
  createResumeState,
  type Entry,
  EVENT_COST_BYTES,
  eventBytes,
  TEXT_COST_BYTES,
  foldResumeState,
  jsonLine,
  Log,
  type LogAccount,
  type Logged,
} from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, hostileText, sourceEvents } from '../rig/core-rig.ts'

const words = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<Logged>('a', 'bc ', '😀', '你好', 'x'.repeat(60), 'y'.repeat(700), '\u0001'.repeat(700)),
  },
  { weight: 1, arbitrary: hostileText({ loneSurrogates: false, maxPieces: 3 }).filter((text) => text !== '') },
)
/** What is packed outside the heap, one by one. */
const large = fc.constantFrom<Logged>(
  { type: 'text', text: '', extra: { openai: { delta: { audio: { data: 'A'.repeat(5000) } } } } },
  { type: 'text', text: 'with', choice: 1, extra: ['é語😀'.repeat(900)] },
  { type: 'data', name: 'image', data: { url: 'B'.repeat(20_000), __proto__: null } },
  { type: 'tool', phase: 'call', id: 'big', name: 'f', extra: { signature: 'C'.repeat(4200) } },
  { type: 'tool', phase: 'result', id: 'big', result: ['D'.repeat(4200)] },
  { type: 'finish', reason: 'length', extra: { images: ['E'.repeat(4200)] } },
)
const events: fc.Arbitrary<Logged[]> = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.array(words, { minLength: 1, maxLength: 60 }) },
      { weight: 1, arbitrary: fc.array(words, { minLength: 250, maxLength: 300 }) },
      { weight: 2, arbitrary: sourceEvents({ maxEvents: 8 }) as fc.Arbitrary<Logged[]> },
      { weight: 2, arbitrary: fc.array(large, { minLength: 1, maxLength: 4 }) },
      { weight: 2, arbitrary: fc.constant<Logged[]>(['EPOCH']) },
    ),
    { maxLength: 5 },
  )
  .map((runs) => runs.flat())
/** What the text of merged events may have as JSON. */
const MAX_LINE_BYTES = 60 * 1024
const retention = fc.constantFrom(200, 1024, 3000, 10_000, 1024 * 1024)

const toEvent = (event: Logged): StreamEvent => (typeof event === 'string' ? { type: 'text', text: event } : event)

interface Kept {
  seq: number
  epoch: number
  event: StreamEvent
}

/** A log beside the plain list of what was appended. */
function build(list: readonly Logged[], retentionBytes: number): { log: Log; kept: Kept[]; account: LogAccount } {
  const account: LogAccount = { bytes: 0 }
  const log = new Log('stream', 1, { retentionBytes, account })
  const kept: Kept[] = []
  for (const event of list) {
    if (event === 'EPOCH') log.epoch++
    else {
      expect(log.append(event)).toBe(true)
      kept.push({ seq: kept.length + 1, epoch: log.epoch, event: toEvent(event) })
    }
  }
  return { log, kept, account }
}

const textOf = (event: StreamEvent): string | undefined => ('text' in event ? event.text : undefined)
const mergeKey = (event: StreamEvent): string =>
  event.type === 'tool'
    ? `tool ${event.choice ?? 0} ${event.id}`
    : `${event.type} ${'choice' in event ? (event.choice ?? 0) : 0}`

const bytesInLine = (event: StreamEvent): number => Buffer.byteLength(jsonLine(textOf(event) ?? '')) - 2
/** The merging rules of design.md, section 2, spelled out. */
function naiveMerge(run: readonly Kept[]): Entry[] {
  const merged: Entry[] = []
  let lineBytes = 0
  for (const { seq, epoch, event } of run) {
    const last = merged.at(-1)
    const bothText = last && textOf(last.event) !== undefined && textOf(event) !== undefined
    const extra = last && ('extra' in last.event || 'extra' in event)
    const fits = lineBytes + bytesInLine(event) <= MAX_LINE_BYTES
    if (last && bothText && !extra && fits && last.epoch === epoch && mergeKey(last.event) === mergeKey(event)) {
      last.event = { ...last.event, text: `${textOf(last.event)}${textOf(event)}` } as StreamEvent
      last.seq = seq
      lineBytes += bytesInLine(event)
    } else {
      merged.push({ event, epoch, seq })
      lineBytes = bytesInLine(event)
    }
  }
  return merged
}

const sizeOf = (run: readonly Kept[]): number => run.reduce((sum, { event }) => sum + eventBytes(event), 0)

describe('contract 1, a log against a plain list', () => {
  test('reads the same events, merged by the rules, from any position on', () =>
    check(
      fc.property(events, retention, fc.nat(), fc.nat(), (list, retentionBytes, from, count) => {
        const { log, kept } = build(list, retentionBytes)
        expect([log.lastSeq, log.committed]).toEqual([kept.length, kept.length])
        const after = log.firstSeq - 1 + (from % (kept.length - log.firstSeq + 2))
        const wanted = count % (kept.length + 2)
        expect(log.read(after, wanted)).toEqual(naiveMerge(kept.slice(after, after + wanted)))
        expect(log.read(after, Infinity)).toEqual(naiveMerge(kept.slice(after)))
      }),
    ))

  test('one event at a time is read as it was appended: packing loses no boundary', () =>
    check(
      fc.property(events, (list) => {
        const { log, kept } = build(list, 1024 * 1024)
        for (const { seq, epoch, event } of kept) {
          expect(log.read(seq - 1, 1)).toEqual([{ seq, epoch, event }])
          expect(log.epochOf(seq)).toBe(epoch)
        }
      }),
    ))

  test('bytesUpTo, fitting and resumeStateAt agree with the list', () =>
    check(
      fc.property(
        events,
        retention,
        fc.nat(),
        fc.integer({ min: 1, max: 3000 }),
        (list, retentionBytes, at, maxBytes) => {
          const { log, kept } = build(list, retentionBytes)
          const seq = log.firstSeq - 1 + (at % (kept.length - log.firstSeq + 2))
          expect(log.bytesUpTo(seq)).toBe(sizeOf(kept.slice(0, seq)))
          let count = 0
          while (seq + count < kept.length && sizeOf(kept.slice(seq, seq + count + 1)) <= maxBytes) count++
          count = Math.max(count, seq < kept.length ? 1 : 0)
          expect(log.fitting(seq, Infinity, maxBytes)).toEqual({ count, bytes: sizeOf(kept.slice(seq, seq + count)) })
          const resumeState = createResumeState()
          for (const { event } of kept.slice(0, seq)) foldResumeState(resumeState, event)
          expect(log.resumeStateAt(seq)).toEqual(resumeState)
        },
      ),
    ))
})

describe('contract 6, bytes', () => {
  test('kept are at most the retention and one segment, and the account says the same', () =>
    check(
      fc.property(events, retention, (list, retentionBytes) => {
        const { log, kept, account } = build(list, retentionBytes)
        const largest = Math.max(0, ...kept.map(({ event }) => eventBytes(event)))
        const segment = Math.min(16 * 1024, Math.ceil(retentionBytes / 16)) + largest
        expect(log.bytes).toBeLessThanOrEqual(retentionBytes + segment)
        expect(log.bytes).toBe(sizeOf(kept.slice(log.firstSeq - 1)))
        expect(log.totalBytes).toBe(sizeOf(kept))
        expect(account.bytes).toBe(log.heldBytes)
        if (log.bytes > 0) expect(log.heldBytes).toBeGreaterThan(log.bytes)
        log.clear()
        expect([account.bytes, log.bytes, log.firstSeq, log.lastSeq]).toEqual([0, 0, kept.length + 1, kept.length])
      }),
    ))

  test('an event costs its UTF-8 bytes and a fixed amount', () => {
    expect(TEXT_COST_BYTES).toBeLessThanOrEqual(3)
    expect(eventBytes('é😀')).toBe(6 + TEXT_COST_BYTES)
    expect(eventBytes({ type: 'text', text: 'é😀' })).toBe(6 + TEXT_COST_BYTES)
    expect(eventBytes({ type: 'tool', phase: 'args', id: 'call_1', text: 'é😀' })).toBe(6 + TEXT_COST_BYTES)
    expect(eventBytes({ type: 'text', text: 'a', extra: 'x'.repeat(100) })).toBeGreaterThan(100 + EVENT_COST_BYTES)
  })
})

describe('contract 3, the end', () => {
  test('is the last event: nothing is taken after it, and everyone who waits is told once', () =>
    check(
      fc.property(events, events, (before, after) => {
        const { log, kept } = build(before, 1024 * 1024)
        const ends: unknown[] = []
        let woken = 0
        log.watchers.add({ ended: (end) => void ends.push(end) })
        const reader = { wakeAt: Infinity, seq: 0, bytePosition: 0, wake: () => void woken++ }
        log.attach(reader)
        log.sleep(reader, Infinity)
        const end = { type: 'end', reason: 'stop', complete: true } as const
        expect(log.append(end)).toBe(true)
        for (const event of [...after, end]) expect(log.append(event)).toBe(false)
        expect(ends).toEqual([end])
        expect(woken).toBe(1)
        expect(log.lastSeq).toBe(kept.length + 1)
      }),
    ))
})
