import { framePressure } from '@sluice/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { ClientStream } from '../../src/stream/client-stream.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A stream of so many events a second, whose page takes so long for a frame. */
function painted({ isNamed = true } = {}) {
  const pressure = framePressure()
  const credits: number[] = []
  let [nowMs, events, reattached] = [0, 0, 0]
  const stream = {
    get cursor() {
      return `s.1.${Math.floor(events)}`
    },
    ack: ({ credit }: { credit: number }) => {
      credits.push(credit)
      return Promise.resolve(isNamed ? 1 : 0)
    },
    reattach: () => reattached++,
    status: 'streaming',
  } as unknown as ClientStream
  return {
    credits,
    reattached: () => reattached,
    pass(ms: number, { frameMs, perSecond = 2_000 }: { frameMs: number; perSecond?: number }): number[] {
      const before = credits.length
      for (const untilMs = nowMs + ms; nowMs < untilMs;) {
        nowMs += frameMs
        events += (perSecond * frameMs) / 1_000
        pressure(stream, frameMs, nowMs)
      }
      return credits.slice(before)
    },
  }
}

test('a page that keeps up is never held back', () => {
  expect(painted().pass(10_000, { frameMs: 16 })).toEqual([])
})

test('contract 7: a page whose frames take too long is granted less and less, and no less than something', () => {
  const page = painted()
  const first = page.pass(1_000, { frameMs: 60 })
  // Half a second's worth of what was allowed: at least 30 % less than before, within a second.
  expect(first[0]).toBeLessThanOrEqual(0.5 * 2_000 * 0.7)
  expect(first).toEqual(first.toSorted((a, b) => b - a))
  expect(page.pass(10_000, { frameMs: 60 }).at(-1)).toBe(10)
})

test('it is let go within two seconds, once it keeps up again', () => {
  const page = painted()
  page.pass(1_000, { frameMs: 60 })
  const after = page.pass(2_000, { frameMs: 16 })
  // It was allowed all there is by then, though no more than it could take back in a moment.
  expect(after.at(-1)).toBeGreaterThan(0.5 * 2_000)
  expect(Math.max(...after)).toBeLessThanOrEqual(0.5 * 4 * 2_100)
  expect(page.pass(5_000, { frameMs: 16 })).toEqual([])
  // What was granted cannot be taken back: a new reading has no limit.
  expect(page.reattached()).toBe(1)
})

test('contract 7: a page that was let go is held back again where it is slow again', () => {
  const page = painted()
  page.pass(1_000, { frameMs: 60 })
  page.pass(5_000, { frameMs: 16 })
  expect(page.pass(1_000, { frameMs: 60 })[0]).toBeLessThanOrEqual(0.5 * 2_000 * 0.7)
})

test('a pause is no slow frame', () => {
  const page = painted()
  page.pass(200, { frameMs: 16 })
  expect(page.pass(30_000, { frameMs: 5_000 })).toEqual([])
})

test('a reading without a name is made anew', async () => {
  const page = painted({ isNamed: false })
  page.pass(400, { frameMs: 60 })
  await Promise.resolve()
  expect(page.reattached()).toBe(page.credits.length)
})

test('a page that waits for more than it was granted is granted more, though it has nothing to paint', () => {
  const page = painted()
  page.pass(1_000, { frameMs: 60 })
  const granted = page.credits.length
  vi.advanceTimersByTime(10_000)
  expect(page.credits.length).toBeGreaterThan(granted)
  expect(page.reattached()).toBe(1)
  expect(vi.getTimerCount()).toBe(0)
})
