import type { Outcome } from '../../trials/report.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'
import type { Repetition } from '../../trials/trials.ts'
import { judge } from '../../trials/verdict.ts'

const [NAIVE, SLUICE] = [{ name: 'SSE, <naive>' }, { name: 'sluice' }]

/** A row of two contestants, held to half of naive's latency. */
export function rowOf(id: string): AloneRow {
  return {
    id,
    title: `Row ${id}`,
    what: 'What happens & how.',
    expected: 'Half.',
    contestants: [NAIVE, SLUICE],
    columns: [
      { what: 'p99', metric: 'fastP99Ms', unit: 'ms', isCompared: true },
      { what: 'delivered', metric: 'tokensPerSecond', unit: 'tokens/s', isGain: true },
    ],
    floors: [
      {
        what: 'p99',
        metric: 'fastP99Ms',
        contestant: SLUICE,
        compare: 'ratio',
        against: NAIVE,
        unit: 'ms',
        max: 0.5,
      },
    ],
    measureAlone: () => Promise.resolve({}),
  }
}

/** What came of a row, with a latency for each repetition of both. */
export function outcomeOf(id: string, pairs: readonly (readonly [naive: number, sluice: number])[]): Outcome {
  const row = rowOf(id)
  const metrics = (fastP99Ms: number): Metrics => ({ fastP99Ms, tokensPerSecond: 10_000 })
  const repetitions = pairs.map(([naive, sluice]): Repetition => ({
    [NAIVE.name]: metrics(naive),
    [SLUICE.name]: metrics(sluice),
  }))
  return { row, repetitions, verdicts: judge(row, repetitions) }
}
