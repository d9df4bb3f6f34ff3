import { isTextual, type StreamEvent } from '@sluice/core'
import { cutEnd, eventBytes, Log, type LogAccount, type Logged, placeCursor } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check } from '../rig/core-rig.ts'
import { manyEvents } from './logged-arbitraries.ts'

const MIB = 1024 * 1024
const CUT = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' } as const

interface Appended {
  epoch: number
  event: Logged
}

type Step =
  | { do: 'append'; events: Logged[] }
  | { do: 'store'; share: number }
  /** Back to somewhere between what is stored and the last event … */
  | { do: 'rewind'; share: number }
  /** … and by so many events. */
  | { do: 'back'; events: number }
  | { do: 'epoch' }

const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }))
const steps = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('append' as const), events: manyEvents }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('store' as const), share }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('rewind' as const), share }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('back' as const), events: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'epoch' }) },
  ),
  { maxLength: 14 },
)

const toEvent = (event: Logged): StreamEvent => (typeof event === 'string' ? { type: 'text', text: event } : event)

function createLog(account?: LogAccount, retentionBytes = MIB): Log {
  const log = new Log('stream', 1, { retentionBytes, account })
  log.produce(1, 'stored', { appended: () => {} })
  return log
}

function appendAll(log: Log, list: readonly Appended[]): void {
  for (const { epoch, event } of list) {
    log.epoch = epoch
    expect(log.append(event)).toBe(true)
  }
}

const sizeOf = (list: readonly Appended[]): number => list.reduce((sum, { event }) => sum + eventBytes(event), 0)
const between = (low: number, high: number, part: number): number => low + Math.round((high - low) * part)

interface Played {
  log: Log
  left: Appended[]
  stored: number
  account: LogAccount
}

/** A log that went back now and then, and the plain list of what is left. */
function play(list: readonly Step[], retentionBytes?: number): Played {
  const account: LogAccount = { bytes: 0 }
  const log = createLog(account, retentionBytes)
  let left: Appended[] = []
  let stored = 0
  let epoch = 1
  for (const step of list) {
    if (step.do === 'epoch') epoch++
    else if (step.do === 'append') {
      const added = step.events.map((event) => ({ epoch, event }))
      appendAll(log, added)
      left.push(...added)
    } else {
      const back = step.do === 'back' ? Math.max(stored, left.length - step.events) : undefined
      const seq = back ?? between(stored, left.length, step.do === 'back' ? 0 : step.share)
      if (step.do === 'store') {
        stored = seq
        log.storedUpTo(stored)
      } else {
        left = left.slice(0, seq)
        log.rewind(seq)
      }
    }
  }
  return { log, left, stored, account }
}

/** All that can be seen of a log, position by position. */
function everythingOf(log: Log): object {
  const seqs = Array.from({ length: log.lastSeq + 1 }, (_, seq) => seq)
  return {
    positions: [log.epoch, log.firstSeq, log.lastSeq, log.committed, log.stored],
    bytes: [log.bytes, log.totalBytes, log.committedBytes, log.storedBytes],
    over: [log.end, log.ending, log.lost],
    events: log.slice(1, log.lastSeq).map(toEvent),
    shown: [log.read(0, Infinity), seqs.map((seq) => log.read(seq, 1)), seqs.map((seq) => log.fitting(seq, 9, 3000))],
    epochs: seqs.map((seq) => log.epochOf(seq)),
    sums: seqs.map((seq) => log.bytesUpTo(seq)),
    places: seqs.map((seq) => placeCursor(log, { streamId: 'stream', epoch: log.epochOf(seq), seq })),
    outlines: [0, Math.floor(log.lastSeq / 2), log.lastSeq].map((seq) => log.resumeStateAt(seq)),
  }
}

/** What an end is made from. */
const countedOf = (log: Log): unknown[] => [log.tokens, log.usage, log.finishReason]

/** A log that never had what the other took back. */
function freshLog(left: readonly Appended[], stored: number, epoch: number): { log: Log; account: LogAccount } {
  const account: LogAccount = { bytes: 0 }
  const log = createLog(account)
  appendAll(log, left)
  log.epoch = epoch
  log.storedUpTo(stored)
  return { log, account }
}

describe('contract 5, a log that takes back what its store refused', () => {
  test('is as if it had never been given that', () =>
    check(
      fc.property(steps, (list) => {
        const { log, left, stored, account } = play(list)
        const fresh = freshLog(left, stored, log.epoch)
        expect(everythingOf(log)).toEqual(everythingOf(fresh.log))
        expect(account.bytes).toBe(log.heldBytes)
        expect(log.bytes).toBe(fresh.log.bytes)
      }),
    ))

  test('contract 8: counts and remembers nothing of that: an end made now tells the usage of what is left', () =>
    check(
      fc.property(steps, (list) => {
        const { log, left, stored } = play(list)
        const fresh = freshLog(left, stored, log.epoch)
        expect(countedOf(log)).toEqual(countedOf(fresh.log))
        expect(cutEnd(log, 'client')).toEqual(cutEnd(fresh.log, 'client'))
      }),
    ))

  test('also when its head was trimmed meanwhile: what is kept of it, and what it counted', () =>
    check(
      fc.property(steps, fc.constantFrom(1024, 4000, 20_000), (list, retentionBytes) => {
        const { log, left, stored, account } = play(list, retentionBytes)
        const events = left.map(({ event }) => toEvent(event))
        const kept = left.slice(log.firstSeq - 1)
        expect([log.lastSeq, log.stored, log.committed]).toEqual([left.length, stored, stored])
        expect(log.firstSeq).toBeLessThanOrEqual(stored + 1)
        expect(log.slice(log.firstSeq, log.lastSeq).map(toEvent)).toEqual(events.slice(log.firstSeq - 1))
        expect([log.totalBytes, log.storedBytes]).toEqual([sizeOf(left), sizeOf(left.slice(0, stored))])
        expect([log.bytes, account.bytes]).toEqual([sizeOf(kept), log.heldBytes])
        const usage = events.findLast((event) => event.type === 'usage')?.usage
        const reason = events.findLast((event) => event.type === 'finish' && !event.choice)
        expect(countedOf(log)).toEqual([
          events.filter(isTextual).length,
          usage,
          reason?.type === 'finish' ? reason.reason : undefined,
        ])
      }),
    ))

  test('goes on from there: later events are read as they were appended, whatever segments were cut or left', () =>
    check(
      fc.property(steps, fc.array(manyEvents, { minLength: 1, maxLength: 3 }), (list, more) => {
        const { log, left, account } = play(list)
        const { epoch } = log
        const all = [...left]
        for (const events of more) {
          const added = events.map((event) => ({ epoch, event }))
          appendAll(log, added)
          all.push(...added)
        }
        log.storedUpTo(all.length)
        const fresh = freshLog(all, all.length, epoch)
        expect(everythingOf(log)).toEqual(everythingOf(fresh.log))
        expect(account.bytes).toBe(log.heldBytes)
        expect(log.bytes).toBe(fresh.log.bytes)
      }),
    ))

  test('contract 3: may then get the end that the store has instead', () =>
    check(
      fc.property(steps, manyEvents, (list, refused) => {
        const { log, left, stored } = play(list)
        const told: unknown[] = []
        log.watchers.add({ ended: (end) => void told.push(end) })
        for (const event of [...refused, { type: 'end', reason: 'stop', complete: true } as const]) log.append(event)
        log.rewind(stored)
        log.epoch++
        expect(log.append(CUT)).toBe(true)
        expect([log.end, told]).toEqual([undefined, []])
        log.storedUpTo(stored + 1)
        expect([log.end, told, log.lastSeq, log.committed]).toEqual([CUT, [CUT], stored + 1, stored + 1])
        const all = [...left.slice(0, stored), { epoch: log.epoch, event: CUT }]
        for (const [index, { epoch, event }] of all.entries()) {
          expect(log.read(index, 1)).toEqual([{ epoch, seq: index + 1, event: toEvent(event) }])
        }
        log.rewind(stored)
        expect([log.end, log.lastSeq]).toEqual([CUT, stored + 1])
      }),
    ))
})
