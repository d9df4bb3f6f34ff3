import { loadavg } from 'node:os'

import { peerVersions } from './contestants/peers/installed/versions.ts'
import type { StageOptions } from './load/stage.ts'
import { describeMachine } from './process/machine.ts'
import { Progress } from './process/progress.ts'
import { measuredPage } from './report/page.ts'
import { simulateDefaults } from './simulator/command.ts'
import { adviceOf, type Situation } from './simulator/report/advice.ts'
import { aboutOf, type Outcome, report } from './trials/report.ts'
import type { Row } from './trials/row.ts'
import { runTrials } from './trials/trials.ts'
import { judge } from './trials/verdict.ts'

/** How a run goes. */
export interface MeasureOptions extends StageOptions {
  readonly repetitions: number
  /** Of what is simulated; what is measured draws no lots. */
  readonly seed: number
  /** Policies are simulated too. */
  readonly simulates: boolean
}

/** What a run has come to, in each of its forms. */
export interface MeasuredRun {
  readonly tables: string
  readonly page: string
  readonly json: object
  /** No floor is missed. */
  readonly isKept: boolean
}

/** Measures rows, one after the other, and tells of it on the way. */
export async function measure(rows: readonly Row[], options: MeasureOptions): Promise<MeasuredRun> {
  const { repetitions, seed, simulates, quick } = options
  const machine = describeMachine()
  const progress = new Progress(process.stderr)
  const all = rows.reduce((sum, row) => sum + stepsOf(row, repetitions), 0)
  let done = 0
  const outcomes: Outcome[] = []
  for (const row of rows) {
    const tell = (line: string): void => {
      progress.tell(line)
      progress.at(++done, all)
    }
    outcomes.push(await measureRow(row, options, tell))
  }
  const situations: Situation[] = simulates ? await simulateDefaults(quick, seed) : []
  const notes = [
    `${repetitions} repetition${repetitions === 1 ? '' : 's'}${quick ? ', quick: smaller inputs, only to see that it works' : ''}; load after the run ${loadavg()[0]!.toFixed(2)}.`,
    `Beside ${peerVersions().join(', ')}.`,
    ...(simulates ? [`Simulated with seed ${seed}.`] : []),
  ]
  const advice = adviceOf(situations).map((line) => `- ${line}`)
  const simulated = simulates ? `\n### Chunking policies, simulated\n\n${advice.join('\n')}\n` : ''
  return {
    tables: `${report(machine, outcomes, notes)}${simulated}`,
    page: measuredPage({ about: aboutOf(machine, notes), outcomes, situations }),
    json: { machine, repetitions, quick, seed, outcomes },
    isKept: !outcomes.some(({ verdicts }) => verdicts.some(({ pass }) => pass === false)),
  }
}

/** How often a contestant has its turn in a row. */
function stepsOf(row: Row, repetitions: number): number {
  return row.missing?.() === undefined ? row.contestants.length * repetitions : 0
}

async function measureRow(row: Row, options: MeasureOptions, tell: (line: string) => void): Promise<Outcome> {
  const missing = row.missing?.()
  if (missing !== undefined) return { row, repetitions: [], verdicts: [], missing }
  const done = await runTrials(row, options.repetitions, options, tell)
  return { row, repetitions: done, verdicts: judge(row, done) }
}
