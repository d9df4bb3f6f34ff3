import { describe, expect, test } from 'vitest'

import { describeMachine } from '../../process/machine.ts'
import { Progress } from '../../process/progress.ts'
import { PARTS, quickRows, rowsOf } from '../../rows/parts.ts'
import { report, scatterOf } from '../../trials/report.ts'
import { outcomeOf } from './outcomes.ts'

describe('a verdict', () => {
  test('is one where repetitions agree', () => {
    const outcome = outcomeOf('a', [
      [100, 30],
      [200, 62],
      [100, 31],
    ])
    expect(outcome.verdicts[0]).toMatchObject({ pass: true, scatters: false, value: { median: 0.31 } })
    expect(scatterOf([outcome])).toEqual([])
  })

  test.each([
    [
      'some repetitions pass and others do not',
      [
        [100, 30],
        [100, 40],
        [100, 60],
      ] as const,
    ],
    [
      'they lie far apart, and near the bound',
      [
        [100, 10],
        [100, 45],
        [100, 49],
      ] as const,
    ],
  ])('is said to scatter too much where %s', (_, pairs) => {
    const outcome = outcomeOf('a', pairs)
    expect(outcome.verdicts[0]!.scatters).toBe(true)
    expect(scatterOf([outcome]).join('\n')).toContain('Scatters too much')
    expect(report(describeMachine(), [outcome], [])).toContain('| pass, scatters too much |')
  })
})

test('a row with columns has a table: a line for each contestant, beside the first one', () => {
  const text = report(describeMachine(), [outcomeOf('a', [[100, 25]])], ['A note.'])
  expect(text).toContain('| | p99, ms | delivered, tokens/s |')
  expect(text).toContain('| SSE, <naive> | 100 | 10000 |')
  expect(text).toContain('| sluice | 25 × 0.25 | 10000 |')
  expect(text).toContain('A note.')
})

describe('parts', () => {
  test.each(Object.keys(PARTS))('%s names rows that there are', (part) => {
    expect(rowsOf([part]).length).toBeGreaterThan(0)
  })

  test('and rows are refused by name where there are none', () => {
    expect(() => rowsOf(['network'])).toThrow('No part "network"; there are policies, transports, peers')
    expect(() => rowsOf([], ['s100,s7'])).toThrow('No row "s7"; there are s1, s100')
    expect(rowsOf([], ['s1', 's100,ws-*']).map(({ id }) => id)).toContain('ws-s1')
  })

  test('a quick run has rows with contestants to compare, and those that their floors are about', () => {
    const rows = quickRows()
    expect(rows.length).toBeGreaterThan(4)
    for (const { contestants, floors } of rows) {
      const names = contestants.map(({ name }) => name)
      expect(names.length).toBeGreaterThan(1)
      const wanted = floors.flatMap(({ contestant, against }) =>
        [contestant, against].flatMap((one) => one?.name ?? []),
      )
      expect(names).toEqual(expect.arrayContaining(wanted))
    }
  })
})

describe('progress', () => {
  const shownBy = (isTTY: boolean): { out: string[]; progress: Progress; pass: (ms: number) => void } => {
    const out: string[] = []
    let nowMs = 0
    const progress = new Progress({ isTTY, write: (text: string) => void out.push(text) }, () => nowMs)
    return { out, progress, pass: (ms) => (nowMs += ms) }
  }

  test('is a bar with the time left on a terminal, and lines go above it', () => {
    const { out, progress, pass } = shownBy(true)
    pass(90_000)
    progress.at(1, 4)
    expect(out.join('')).toContain('25 %, 4 min 30 s left')
    progress.tell('a line')
    expect(out.at(-1)).toMatch(/^\r.*a line\n\r█+░+ 25 %/s)
    pass(270_000)
    progress.at(4, 4)
    expect(out.at(-1)).toMatch(/100 %, 0 s left .*\n$/s)
  })

  test('is a line for each tenth elsewhere', () => {
    const { out, progress, pass } = shownBy(false)
    for (let done = 1; done <= 40; done++) {
      pass(100)
      progress.at(done, 40)
    }
    expect(out).toHaveLength(10)
    expect(out[4]).toBe('50 %, 2 s left\n')
  })
})
