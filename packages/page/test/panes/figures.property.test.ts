import fc from 'fast-check'
import { expect, test } from 'vitest'

import { figuresOf } from '../../src/panes/figures.ts'
import { scoreOf } from '../../src/panes/score.ts'
import { type Mark, Trail } from '../../src/panes/trail.ts'

const steps = fc.array(
  fc.record({ afterMs: fc.integer({ min: 1, max: 500 }), chars: fc.integer({ min: 1, max: 9 }) }),
  {
    minLength: 1,
    maxLength: 40,
  },
)

interface Run {
  trail: Trail
  front: Mark[]
  nowMs: number
}

/** A text that comes in these steps, each painted so many milliseconds later. */
function runOf(given: readonly { afterMs: number; chars: number }[], lateMs: number): Run {
  let nowMs = 0
  let atMs = 0
  const trail = new Trail(() => atMs)
  const front: Mark[] = []
  let chars = 0
  for (const step of given) {
    nowMs += step.afterMs
    chars += step.chars
    front.push({ atMs: nowMs, chars })
    atMs = nowMs
    trail.arrived(step.chars)
    atMs = nowMs + lateMs
    trail.painted(step.chars)
  }
  return { trail, front, nowMs: nowMs + lateMs }
}

test('what is painted so much later is so far behind, whatever the text', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 2_000 }), (given, lateMs) => {
      const { trail, front, nowMs } = runOf(given, lateMs)
      expect(figuresOf(trail, front, nowMs).behindMs).toBeCloseTo(lateMs, 6)
    }),
  )
})

test('dumped at the end, a text is as far behind as its characters waited on average', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const { front, nowMs } = runOf(given, 0)
      const whole = front.at(-1)!.chars
      const trail = new Trail(() => nowMs)
      trail.painted(whole)
      trail.over(true)
      const waited = front.map(({ atMs, chars }, index) => (nowMs - atMs) * (chars - (front[index - 1]?.chars ?? 0)))
      const figures = figuresOf(trail, front, nowMs)
      expect(figures.behindMs).toBeCloseTo(waited.reduce((sum, each) => sum + each, 0) / whole, 6)
      expect(figures).toMatchObject({ firstMs: nowMs, totalMs: nowMs, longestMs: nowMs, part: 1 })
    }),
  )
})

test('later is never better: neither the first text, nor any of it', () => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 0, max: 999 }),
      fc.integer({ min: 1, max: 5_000 }),
      (given, lateMs, moreMs) => {
        const score = (by: number): number => {
          const { trail, front, nowMs } = runOf(given, by)
          trail.over(true)
          return scoreOf(figuresOf(trail, front, nowMs))!
        }
        expect(score(lateMs + moreMs)).toBeLessThanOrEqual(score(lateMs))
      },
    ),
  )
})

test('an answer that stops half-way has half of the marks at most, and no total', () => {
  const { trail, front, nowMs } = runOf([{ afterMs: 1, chars: 10 }], 0)
  trail.over(false)
  const figures = figuresOf(trail, [...front, { atMs: 2, chars: 20 }], nowMs)
  expect(figures).toMatchObject({ part: 0.5, totalMs: undefined })
  expect(scoreOf(figures)).toBeLessThanOrEqual(50)
})

test('before the first text there is no score, and the wait counts', () => {
  const trail = new Trail(() => 0)
  const figures = figuresOf(trail, [], 1_234)
  expect(figures).toMatchObject({ firstMs: undefined, gapP50Ms: undefined, longestMs: 1_234, part: 0 })
  expect(scoreOf(figures)).toBeUndefined()
})
