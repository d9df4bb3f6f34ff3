import { describe, expect, test } from 'vitest'

import { AdaptiveConcurrency } from '../../../src/batch/rate/adaptive-concurrency.ts'
import { meanLimit, play, type SimulatedBackend, uneven } from './simulated-backend.ts'

const MAX = 64
const FOR_MS = 900_000
/** By then it has found what there is. */
const FOUND_MS = 200_000
const SEEDS = Array.from({ length: 12 }, (_, index) => 100 + index)

/** One that answers 429 at once where it has as many as it can. */
const refusing =
  (capacity: number, retryAfterMs?: number): SimulatedBackend =>
  (others, _nowMs, random) =>
    others >= capacity ? { afterMs: 5, outcome: 'limited', retryAfterMs } : answer(uneven(1_000, random))

/** One that lets requests wait, and says nothing. */
function queueing(capacityAt: (nowMs: number) => number): SimulatedBackend {
  const free = Array.from({ length: MAX }, () => 0)
  return (_others, nowMs, random) => {
    const places = free.slice(0, capacityAt(nowMs))
    const place = places.indexOf(Math.min(...places))
    free[place] = Math.max(nowMs, free[place]!) + uneven(1_000, random)
    return answer(free[place]! - nowMs)
  }
}

/** One that counts requests a second. */
function counting(perSecond: number): SimulatedBackend {
  let tokens = perSecond
  let lastMs = 0
  return (_others, nowMs, random) => {
    tokens = Math.min(perSecond, tokens + ((nowMs - lastMs) * perSecond) / 1_000)
    lastMs = nowMs
    if (tokens < 1) return { afterMs: 5, outcome: 'limited', retryAfterMs: 1_000 }
    tokens--
    return answer(uneven(1_000, random))
  }
}

const answer = (afterMs: number): { afterMs: number; outcome: 'ok' } => ({ afterMs, outcome: 'ok' })
const runs = (backend: () => SimulatedBackend, max = MAX): ReturnType<typeof play>[] =>
  SEEDS.map((seed) => play(backend(), { max, forMs: FOR_MS, seed }))

describe.each([3, 8, 12, 24, 40])('a backend of which nobody knows that it can do %i at a time', (capacity) => {
  test('and that says so when it is too much: few are refused, and little is left undone', () => {
    for (const run of runs(() => refusing(capacity))) {
      expect(meanLimit(run, FOUND_MS)).toBeGreaterThan(0.75 * capacity)
      expect(meanLimit(run, FOUND_MS)).toBeLessThan(1.1 * capacity)
      expect(run.perSecond).toBeGreaterThan(0.74 * capacity)
      expect(run.counts.limited).toBeLessThan(0.04 * run.counts.ok)
    }
  })

  test('and that lets them wait: little is left undone, and not many more wait than have to', () => {
    const all = runs(() => queueing(() => capacity))
    for (const run of all) expect(run.perSecond).toBeGreaterThan(0.84 * capacity)
    // Three answers a second are few to judge by: now and then it takes longer to find out.
    const limits = all.map((run) => meanLimit(run, FOR_MS / 2)).toSorted((a, b) => a - b)
    expect(limits[limits.length / 2]!).toBeLessThan(1.3 * capacity + 10)
  })
})

test('a backend that may be asked so often in a second is asked nearly as often', () => {
  for (const run of runs(() => counting(20))) {
    expect(run.perSecond).toBeGreaterThan(16)
    expect(run.counts.limited).toBeLessThan(0.02 * run.counts.ok)
  }
})

describe('as many as are allowed are used where', () => {
  test.each<[string, SimulatedBackend]>([
    ['nothing is wrong', (_others, _nowMs, random) => answer(uneven(1_000, random))],
    [
      'each takes longer beside others, but more are done',
      (others, _nowMs, random) => answer(uneven(1_000, random) * (1 + others / MAX)),
    ],
    [
      'one in a hundred breaks',
      (_others, _nowMs, random) =>
        random() < 0.01 ? { afterMs: 300, outcome: 'failed' } : answer(uneven(1_000, random)),
    ],
    [
      'answers get three times as long on the way',
      (_others, nowMs, random) => answer(uneven(1_000, random) * (nowMs > FOR_MS / 3 ? 3 : 1)),
    ],
  ])('%s', (_name, backend) => {
    for (const seed of SEEDS.slice(0, 6)) {
      const run = play(backend, { max: MAX, forMs: FOR_MS, seed })
      expect(meanLimit(run, FOUND_MS)).toBeGreaterThan(0.84 * MAX)
      expect(run.mostRunning).toBe(MAX)
    }
  })
})

test('a backend that loses most of what it can do, and gets it back, is followed', () => {
  const backend = (): SimulatedBackend => queueing((nowMs) => (nowMs > 300_000 && nowMs < 600_000 ? 12 : 40))
  for (const run of runs(backend)) {
    expect(meanLimit(run, 450_000, 600_000)).toBeLessThan(0.8 * meanLimit(run, 200_000, 300_000))
    expect(run.perSecond).toBeGreaterThan(0.8 * ((600 * 40 + 300 * 12) / 900))
  }
})

test('a backend that breaks everything is left with a request or two', () => {
  const run = play(() => ({ afterMs: 1_000, outcome: 'failed' }), { max: MAX, forMs: 120_000, seed: 1 })
  expect(run.limits.at(-1)!.limit).toBe(1)
})

test('many that are refused together count once', () => {
  const concurrency = new AdaptiveConcurrency({ max: 64, initial: 64 })
  const begun = Array.from({ length: 64 }, () => concurrency.begin(0))
  for (const one of begun) concurrency.end(one, 10, 'limited')
  expect(concurrency.limit).toBe(48)
})

test('a pause is as long as the backend asks for, and then ends by itself', () => {
  const concurrency = new AdaptiveConcurrency({ max: 4 })
  concurrency.end(concurrency.begin(0), 100, 'limited', 2_000)
  expect(concurrency.waitMs(100)).toBe(2_000)
  expect(concurrency.waitMs(2_099)).toBe(1)
  expect(concurrency.waitMs(2_100)).toBe(0)
})

test.each([{ max: 0 }, { max: 1.5 }, { max: 20_000 }, { max: 4, initial: 5 }, { max: 4, most: 3 }])(
  '%j is refused',
  (options) => {
    expect(() => new AdaptiveConcurrency(options)).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }))
  },
)
