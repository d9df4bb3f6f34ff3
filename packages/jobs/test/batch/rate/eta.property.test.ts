import { check } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { estimateEnd, RateLog } from '../../../src/batch.ts'

/** So many lines, one each so many milliseconds, of which each took as long as is said. */
function steadyLog({ lines, everyMs, tookMs }: { lines: number; everyMs: number; tookMs: number }): RateLog {
  const log = new RateLog(0)
  for (let line = 1; line <= lines; line++) log.add(line * everyMs, tookMs)
  return log
}

describe('when a batch will be done', () => {
  test('is not said until 20 lines are', () => {
    const log = steadyLog({ lines: 20, everyMs: 100, tookMs: 100 })
    expect(estimateEnd(log, { nowMs: 2_000, done: 19, remaining: 100 })).toBeNull()
    expect(estimateEnd(log, { nowMs: 2_000, done: 20, remaining: 100 })).not.toBeNull()
  })

  test('is what a steady backend says, with the lines of others that come first', () => {
    const log = steadyLog({ lines: 10_000, everyMs: 100, tookMs: 800 })
    const alone = estimateEnd(log, { nowMs: 1_000_000, done: 10_000, remaining: 5_000 })!
    expect(alone.basis).toMatchObject({ done: 10_000, ahead: 0 })
    expect(alone.basis.perSecond).toBeCloseTo(10, 0)
    expect(alone.likelyMs - 1_000_000).toBeGreaterThan(485_000)
    expect(alone.likelyMs - 1_000_000).toBeLessThan(515_000)
    expect(alone.earliestMs).toBeLessThan(1_500_000)
    expect(alone.latestMs).toBeGreaterThan(1_500_000)
    const behind = estimateEnd(log, { nowMs: 1_000_000, done: 10_000, remaining: 5_000, ahead: 5_000 })!
    expect(behind.likelyMs - 1_000_000).toBeGreaterThan(970_000)
    expect(behind.basis.ahead).toBe(5_000)
  })

  test('is computed anew when it is read: a backend that stands still pushes it off', () => {
    const log = steadyLog({ lines: 1_000, everyMs: 100, tookMs: 500 })
    const then = estimateEnd(log, { nowMs: 100_000, done: 1_000, remaining: 1_000 })!
    const later = estimateEnd(log, { nowMs: 200_000, done: 1_000, remaining: 1_000 })!
    expect(later.likelyMs - 200_000).toBeGreaterThan(1.5 * (then.likelyMs - 100_000))
    expect(later.latestMs - later.earliestMs).toBeGreaterThan(1.5 * (then.latestMs - then.earliestMs))
  })

  test('leaves out time in which nobody worked', () => {
    const log = steadyLog({ lines: 1_000, everyMs: 100, tookMs: 500 })
    log.leaveOut(900_000)
    const eta = estimateEnd(log, { nowMs: 1_000_000, done: 1_000, remaining: 1_000 })!
    expect(eta.basis.perSecond).toBeCloseTo(10, 0)
    expect(eta.likelyMs).toBeLessThan(1_105_000)
  })

  test('reckons with the lines that run, when these are all: the last take as long as they take', () => {
    const log = new RateLog(0)
    for (let line = 1; line <= 400; line++) log.add(line * 100, line % 40 === 0 ? 60_000 : 1_000)
    const ask = (ages: number[]): number =>
      estimateEnd(log, { nowMs: 40_000, done: 400, remaining: ages.length, ages })!.likelyMs - 40_000
    expect(ask([500])).toBeLessThan(2_000)
    // It has taken longer than all but the longest: so it is one of these.
    expect(ask([20_000])).toBeGreaterThan(30_000)
  })

  test('is earliest, likely, latest in this order, and never before now, whatever happened', async () => {
    const lines = fc.array(fc.tuple(fc.nat({ max: 20_000 }), fc.nat({ max: 100_000 })), {
      minLength: 1,
      maxLength: 300,
    })
    const question = fc.record({
      done: fc.integer({ min: 20, max: 10_000 }),
      remaining: fc.nat({ max: 100_000 }),
      ahead: fc.nat({ max: 100_000 }),
      joined: fc.nat({ max: 10_000 }),
      ages: fc.option(fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 100 }), { nil: undefined }),
    })
    await check(
      fc.property(lines, question, fc.nat({ max: 10_000_000 }), (all, asked, afterMs) => {
        const log = new RateLog(0)
        let nowMs = 0
        for (const [later, took] of all) log.add((nowMs += later), took)
        nowMs += afterMs
        const eta = estimateEnd(log, { ...asked, nowMs })!
        expect(eta.earliestMs).toBeGreaterThanOrEqual(nowMs)
        expect(eta.likelyMs).toBeGreaterThanOrEqual(eta.earliestMs)
        expect(eta.latestMs).toBeGreaterThanOrEqual(eta.likelyMs)
        expect(eta.latestMs).toBeLessThan(Infinity)
        expect(eta.basis.perSecond).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a log of lines', () => {
  test('loses none, is small, and is the same as JSON', async () => {
    const lines = fc.array(fc.tuple(fc.nat({ max: 100_000 }), fc.nat({ max: 1_000 })), { maxLength: 400 })
    await check(
      fc.property(lines, (all) => {
        const log = new RateLog(5)
        let nowMs = 5
        for (const [later, took] of all) log.add((nowMs += later), took)
        const state = JSON.parse(JSON.stringify(log))
        expect(state.bins.length).toBeLessThanOrEqual(256)
        expect(state.times.length).toBeLessThanOrEqual(128)
        const sums = log.sums(nowMs)
        expect(sums.at(-1)).toBe(all.length)
        // Each end of a part has what was done before it.
        const at = 5 + log.binMs * (sums.length >> 1)
        let seenMs = 5
        const before = all.filter(([later]) => (seenMs += later) < at).length
        expect(sums[sums.length >> 1]).toBe(before)
        const again = RateLog.from(state)
        expect(again.sums(nowMs)).toEqual(log.sums(nowMs))
        expect(JSON.stringify(again)).toBe(JSON.stringify(log))
      }),
      { numRuns: 300 },
    )
  })
})
