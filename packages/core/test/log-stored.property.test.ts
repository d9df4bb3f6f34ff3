/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import { type EndEvent, eventBytes, Log, type LogAccount, type Logged, type StreamEvent } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Reader } from '../src/reader.ts'
import { check } from './core-rig.ts'
import { manyEvents } from './logged-arbitraries.ts'

const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }
const MIB = 1024 * 1024

type Step =
  | { do: 'append'; events: Logged[] }
  /** The store has this share of what it did not have. */
  | { do: 'store'; share: number }
  | { do: 'epoch' }
  | { do: 'read'; count: number }

const steps = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), events: manyEvents }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('store' as const), share: fc.constantFrom(0, 0.01, 0.5, 0.99, 1) }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'epoch' }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), count: fc.integer({ min: 1, max: 400 }) }) },
  ),
  { maxLength: 12 },
)
const retention = fc.constantFrom(1024, 4000, 20_000, MIB)

const toEvent = (event: Logged): StreamEvent => (typeof event === 'string' ? { type: 'text', text: event } : event)
const sizeOf = (events: readonly Logged[]): number => events.reduce((sum, event) => sum + eventBytes(event), 0)

/** A log behind a store, beside the plain list of what was appended. */
class Scene {
  readonly account: LogAccount = { bytes: 0 }
  readonly log: Log
  readonly appended: { epoch: number; event: Logged }[] = []
  /** How many of them the store has. */
  stored = 0

  constructor(retentionBytes: number) {
    this.log = new Log('stream', 1, { retentionBytes, account: this.account })
    this.log.produce(1, 'stored', { appended: () => {} })
  }

  get events(): Logged[] {
    return this.appended.map(({ event }) => event)
  }

  append(...events: Logged[]): void {
    for (const event of events) {
      expect(this.log.append(event)).toBe(true)
      this.appended.push({ epoch: this.log.epoch, event })
    }
  }

  store(share: number): void {
    this.stored += Math.ceil((this.appended.length - this.stored) * share)
    this.log.storedUpTo(this.stored)
  }

  do(step: Step): void {
    if (step.do === 'append') this.append(...step.events)
    else if (step.do === 'store') this.store(step.share)
    else if (step.do === 'epoch') this.log.epoch++
  }

  /** What is shown, event by event: that and nothing else must be in the store. */
  assertShown(): void {
    const { log, appended, stored } = this
    expect([log.lastSeq, log.committed, log.stored]).toEqual([appended.length, stored, stored])
    expect(log.committedBytes).toBe(sizeOf(this.events.slice(0, stored)))
    expect(log.firstSeq).toBeLessThanOrEqual(stored + 1)
    expect(log.read(stored, Infinity)).toEqual([])
    for (let seq = log.firstSeq; seq <= stored; seq++) {
      const { epoch, event } = appended[seq - 1]!
      expect(log.read(seq - 1, 1)).toEqual([{ epoch, seq, event: toEvent(event) }])
    }
    const all = log.read(log.firstSeq - 1, Infinity)
    expect(all.at(-1)?.seq ?? log.firstSeq - 1).toBe(stored)
  }

  /** What is kept, shown or not. */
  assertKept(): void {
    const { log, events, account } = this
    const kept = events.slice(log.firstSeq - 1)
    expect(log.slice(log.firstSeq, log.lastSeq).map(toEvent)).toEqual(kept.map(toEvent))
    expect([log.bytes, account.bytes, log.totalBytes]).toEqual([sizeOf(kept), sizeOf(kept), sizeOf(events)])
  }
}

describe('contract 11, a log that shows what is stored', () => {
  test('shows exactly what the store has, keeps all that it has not, and gives the store what was appended', () =>
    check(
      fc.property(steps, retention, (list, retentionBytes) => {
        const scene = new Scene(retentionBytes)
        for (const step of list) {
          scene.do(step)
          scene.assertShown()
          scene.assertKept()
        }
      }),
      { numRuns: 200 },
    ))

  test('gives its readers no more than that, wakes them when there is more, and never wakes them for less', () =>
    check(
      fc.property(steps, (list) => {
        const scene = new Scene(MIB)
        const { log } = scene
        const reader = new Reader(log, 0)
        let woken = 0
        reader.sleeper = { wake: () => void woken++ }
        reader.attach()
        log.sleep(reader, 1)
        for (const step of list) {
          const before = scene.stored
          const asleep = reader.wakeAt !== Infinity
          woken = 0
          scene.do(step)
          expect(woken).toBe(asleep && scene.stored > before ? 1 : 0)
          expect([reader.pending, reader.broken]).toEqual([scene.stored - reader.seq, undefined])
          if (step.do === 'read' && reader.pending > 0) {
            const asked = Math.min(step.count, reader.pending)
            reader.take(step.count, Infinity)
            expect(reader.pending).toBe(scene.stored - reader.seq)
            expect(reader.seq).toBeGreaterThanOrEqual(asked)
            expect(reader.bytePosition).toBe(sizeOf(scene.events.slice(0, reader.seq)))
          }
          if (reader.pending === 0) log.sleep(reader, reader.seq + 1)
        }
      }),
      { numRuns: 200 },
    ))

  test('contract 3: has its end only once the store has it, and takes nothing meanwhile', () =>
    check(
      fc.property(steps, manyEvents, fc.nat({ max: 3 }), (list, late, portions) => {
        const scene = new Scene(MIB)
        const { log } = scene
        const told: unknown[] = []
        log.watchers.add({ ended: (end) => void told.push(end), lost: (code) => void told.push(code) })
        for (const step of list) scene.do(step)
        scene.append(STOP)
        for (const event of [...late, STOP]) expect(log.append(event)).toBe(false)
        scene.assertKept()
        for (let portion = 0; portion < portions; portion++) {
          if (scene.appended.length - scene.stored > 1) scene.store(0.5)
          if (scene.stored === scene.appended.length) break
          expect([log.end, log.ending, told]).toEqual([undefined, true, []])
        }
        scene.store(1)
        expect([log.end, log.ending, told]).toEqual([STOP, true, [STOP]])
        for (const event of [...late, STOP]) expect(log.append(event)).toBe(false)
        scene.assertShown()
      }),
      { numRuns: 100 },
    ))

  test('contract 6: is trimmed as soon as the store has its head, down to its retention', () =>
    check(
      fc.property(manyEvents, fc.constantFrom(1024, 4000), (events, retentionBytes) => {
        const scene = new Scene(retentionBytes)
        scene.append(...events)
        expect([scene.log.firstSeq, scene.log.bytes]).toEqual([1, sizeOf(events)])
        scene.store(1)
        const largest = Math.max(...events.map(eventBytes))
        expect(scene.log.bytes).toBeLessThanOrEqual(retentionBytes + largest)
        scene.assertKept()
      }),
      { numRuns: 100 },
    ))
})
