/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Deadline, DeadlineList } from '../../src/clock/deadlines.ts'
import { Scheduler } from '../../src/clock/scheduler.ts'
import { TokenBucket } from '../../src/clock/token-bucket.ts'
import { fittingEnd, utf8Length } from '../../src/events/utf8.ts'
import { check, createVirtualRuntime, hostileText } from '../rig/core-rig.ts'

type Step = { which: number; atMs: number | undefined }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ which: fc.nat({ max: 12 }), atMs: fc.option(fc.nat({ max: 30 }), { nil: undefined, freq: 4 }) }),
  { maxLength: 80 },
)

describe('the deadline list against a sorted array', () => {
  test('always has the earliest first, wherever deadlines are moved or taken out', () =>
    check(
      fc.property(steps, (list) => {
        const all = Array.from({ length: 13 }, () => new Deadline({ due: () => {} }))
        const heap = new DeadlineList()
        const model = new Map<Deadline, number>()
        for (const { which, atMs } of list) {
          const deadline = all[which]!
          if (atMs === undefined) {
            heap.delete(deadline)
            model.delete(deadline)
            expect([deadline.place, deadline.atMs]).toEqual([-1, Infinity])
          } else {
            heap.set(deadline, atMs)
            model.set(deadline, atMs)
          }
          expect(heap.size).toBe(model.size)
          const sorted = [...model.values()].sort((a, b) => a - b)
          expect(heap.earliest?.atMs).toBe(sorted[0])
          if (heap.earliest) expect(model.get(heap.earliest)).toBe(sorted[0])
        }
        const order: number[] = []
        for (let first = heap.earliest; first; first = heap.earliest) {
          order.push(first.atMs)
          heap.delete(first)
        }
        expect(order).toEqual([...model.values()].sort((a, b) => a - b))
      }),
    ))
})

describe('contract 14, the scheduler', () => {
  test('has one timer at most, fires each deadline once and on time, and leaves nothing behind', () =>
    check(
      fc.asyncProperty(steps, fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 5 }), async (list, pauses) => {
        const runtime = createVirtualRuntime()
        const scheduler = new Scheduler(runtime)
        const due = new Map<number, number>()
        const fired: [number, number][] = []
        const all = Array.from(
          { length: 13 },
          (_, which) => new Deadline({ due: () => void fired.push([which, runtime.now()]) }),
        )
        const expected: [number, number][] = []
        const pass = async (ms: number): Promise<void> => {
          const untilMs = runtime.now() + ms
          const ripe = [...due].filter(([, atMs]) => atMs <= untilMs)
          for (const [which, atMs] of ripe) {
            expected.push([which, Math.max(atMs, runtime.now())])
            due.delete(which)
          }
          await runtime.advance(ms)
        }
        for (const [index, { which, atMs }] of list.entries()) {
          const at = atMs === undefined ? Infinity : runtime.now() + atMs
          scheduler.schedule(all[which]!, at)
          if (at === Infinity) due.delete(which)
          else due.set(which, at)
          expect(runtime.pendingTimers).toBeLessThanOrEqual(1)
          if (index % 9 === 8) await pass(pauses[index % pauses.length]!)
        }
        await pass(100)
        const sort = (pairs: [number, number][]): [number, number][] => pairs.sort(([a, x], [b, y]) => x - y || a - b)
        expect(sort(fired)).toEqual(sort(expected))
        expect([scheduler.pending, runtime.pendingTimers, runtime.pendingDeferred]).toEqual([0, 0, 0])
      }),
    ))

  test('steps what was marked once, at the end of the turn, what marks itself again in the next', async () => {
    const runtime = createVirtualRuntime()
    const scheduler = new Scheduler(runtime)
    let steps = 0
    const item = { dirty: false, step: () => void (++steps < 3 && scheduler.mark(item)) }
    for (let mark = 0; mark < 5; mark++) scheduler.mark(item)
    expect([steps, scheduler.pending, runtime.pendingDeferred]).toEqual([0, 1, 1])
    await runtime.flush()
    expect([steps, scheduler.turn, scheduler.pending]).toEqual([3, 3, 0])
  })
})

describe('contract 10, the token bucket', () => {
  test('never gives more than rate × time + burst, and has what it said after the wait it named', () =>
    check(
      fc.property(
        fc.double({ min: 0.01, max: 10_000, noNaN: true }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 500, noNaN: true }), fc.nat({ max: 120 })), { maxLength: 40 }),
        (perSecond, burst, list) => {
          const bucket = new TokenBucket(perSecond, burst, 0)
          let nowMs = 0
          let taken = 0
          for (const [ms, wanted] of list) {
            nowMs += ms
            const available = bucket.available(nowMs)
            expect(available).toBeLessThanOrEqual(burst)
            expect(available).toBeGreaterThanOrEqual(0)
            bucket.take(Math.min(wanted, available))
            taken += Math.min(wanted, available)
            expect(taken).toBeLessThanOrEqual(burst + (nowMs * perSecond) / 1000 + 1e-6)
            const left = bucket.available(nowMs)
            const more = Math.min(left + 1, burst)
            nowMs += bucket.waitMs(more)
            expect(bucket.available(nowMs)).toBeGreaterThanOrEqual(more)
          }
          expect(bucket.available(bucket.fullAtMs())).toBe(burst)
        },
      ),
    ))
})

describe('contract 6, bytes of text', () => {
  const encoder = new TextEncoder()

  test('are counted as TextEncoder writes them', () =>
    check(
      fc.property(hostileText({ loneSurrogates: false }), (text) => {
        expect(utf8Length(text)).toBe(encoder.encode(text).length)
      }),
    ))

  test('fit up to a code point: the longest start within the bound, one code point at least', () =>
    check(
      fc.property(
        hostileText({ loneSurrogates: false }),
        fc.nat(),
        fc.integer({ min: 0, max: 40 }),
        (text, at, max) => {
          const points = [...text]
          const skipped = points.slice(0, at % (points.length + 1)).join('').length
          const end = fittingEnd(text, skipped, max)
          const rest = [...text.slice(skipped)]
          let count = 0
          while (count < rest.length && encoder.encode(rest.slice(0, count + 1).join('')).length <= max) count++
          expect(end - skipped).toBe(rest.slice(0, rest.length > 0 ? Math.max(1, count) : 0).join('').length)
        },
      ),
    ))
})
