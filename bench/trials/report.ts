import type { Machine } from '../process/machine.ts'
import type { Row } from './row.ts'
import type { Repetition } from './trials.ts'
import type { Spread, Verdict } from './verdict.ts'

/** A row with what came of it. */
export interface Outcome {
  row: Row
  repetitions: readonly Repetition[]
  verdicts: readonly Verdict[]
  /** Why it was not measured, if so. */
  missing?: string | undefined
}

/** A run as a page of Markdown: the machine, one line per floor, then what each row is. */
export function report(machine: Machine, outcomes: readonly Outcome[], notes: readonly string[]): string {
  const lines = [
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGib} GiB, ${machine.system}, loopback; Node ${machine.node}, V8 ${machine.v8}; sluice ${machine.sluice}; load before the run ${machine.loadBefore}.`,
    'Cells: median (min–max) over the repetitions; ratios and differences are taken within each repetition.',
    ...notes,
    '',
    '| row | measured | beside it | sluice | compared | floor | |',
    '|---|---|---|---|---|---|---|',
    ...outcomes.flatMap(linesOf),
    '',
    ...outcomes.map(({ row }) => `- **${row.id}**, ${row.title}. ${row.what} *Expected:* ${row.expected}`),
  ]
  return `${lines.join('\n')}\n`
}

function linesOf({ row, verdicts, missing }: Outcome): string[] {
  if (missing !== undefined) return [`| ${row.id} | not measured: ${missing} | | | | | |`]
  return verdicts.map(({ floor, value, ours, against, pass }) => {
    const compared = floor.compare === 'value' ? '' : `${signOf(floor.compare)} ${showSpread(value)}`
    const verdict = pass === undefined ? 'shown' : pass ? 'pass' : '**miss**'
    const [mine, theirs] = [showSpread(ours), against ? showSpread(against) : '']
    return `| ${row.id} | ${floor.what}${floor.unit && `, ${floor.unit}`} | ${theirs} | ${mine} | ${compared} | ${showBound(floor)} | ${verdict} |`
  })
}

function signOf(compare: 'ratio' | 'difference'): string {
  return compare === 'ratio' ? '×' : 'Δ'
}

function showBound({ max, min }: Verdict['floor']): string {
  if (max !== undefined) return `≤ ${max}`
  return min === undefined ? '' : `≥ ${min}`
}

export function showSpread({ median, min, max }: Spread): string {
  return `${show(median)} (${show(min)}–${show(max)})`
}

function show(value: number): string {
  const size = Math.abs(value)
  if (Number.isNaN(value)) return '–'
  return value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2)
}
