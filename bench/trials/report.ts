import type { Machine } from '../process/machine.ts'
import type { Column, Row } from './row.ts'
import type { Repetition } from './trials.ts'
import { cellOf, type Spread, type Verdict } from './verdict.ts'

/** A row with what came of it. */
export interface Outcome {
  row: Row
  repetitions: readonly Repetition[]
  verdicts: readonly Verdict[]
  /** Why it was not measured, if so. */
  missing?: string | undefined
}

/** A run as a page of Markdown: the machine, one line per floor, the tables of rows that have columns, then what each row is. */
export function report(machine: Machine, outcomes: readonly Outcome[], notes: readonly string[]): string {
  const lines = [
    ...aboutOf(machine, notes),
    '',
    '| row | measured | beside it | sluice | compared | floor | |',
    '|---|---|---|---|---|---|---|',
    ...outcomes.flatMap(linesOf),
    '',
    ...scatterOf(outcomes),
    ...outcomes.flatMap(tableOf),
    ...outcomes.map(({ row }) => `- **${row.id}**, ${row.title}. ${row.what} *Expected:* ${row.expected}`),
  ]
  return `${lines.join('\n')}\n`
}

/** What a number is worth nothing without. */
export function aboutOf(machine: Machine, notes: readonly string[]): string[] {
  return [
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGib} GiB, ${machine.system}, loopback; Node ${machine.node}, V8 ${machine.v8}; sluice ${machine.sluice}; load before the run ${machine.loadBefore}.`,
    'Cells: median (min–max) over the repetitions; ratios and differences are taken within each repetition.',
    ...notes,
  ]
}

/** The rows whose repetitions differ too much for a verdict. */
export function scatterOf(outcomes: readonly Outcome[]): string[] {
  const unsure = outcomes.flatMap(({ row, verdicts }) =>
    verdicts
      .filter(({ scatters }) => scatters)
      .map(({ floor, value }) => `${row.id}, ${floor.what}: ${showSpread(value)}`),
  )
  if (unsure.length === 0) return []
  return ['Scatters too much to say whether the floor is kept; to be measured again on a quiet machine:', '']
    .concat(unsure.map((line) => `- ${line}`))
    .concat('')
}

function linesOf({ row, verdicts, missing }: Outcome): string[] {
  if (missing !== undefined) return [`| ${row.id} | not measured: ${missing} | | | | | |`]
  return verdicts.map(({ floor, value, ours, against, pass, scatters }) => {
    const compared = floor.compare === 'value' ? '' : `${signOf(floor.compare)} ${showSpread(value)}`
    const verdict = `${verdictOf(pass)}${scatters ? ', scatters too much' : ''}`
    const [mine, theirs] = [showSpread(ours), against ? showSpread(against) : '']
    return `| ${row.id} | ${floor.what}${floor.unit && `, ${floor.unit}`} | ${theirs} | ${mine} | ${compared} | ${showBound(floor)} | ${verdict} |`
  })
}

/** The table of a row that has columns: a line for each contestant. */
function tableOf({ row, repetitions, missing }: Outcome): string[] {
  const { columns, contestants } = row
  if (!columns || missing !== undefined) return []
  return [
    `### ${row.title}`,
    '',
    `| | ${columns.map(headOf).join(' | ')} |`,
    `|${'---|'.repeat(columns.length + 1)}`,
    ...contestants.map(({ name }) => {
      const cells = columns.map((column) => {
        const { value, beside } = cellOf(row, repetitions, name, column)
        return `${showSpread(value)}${beside ? ` × ${show(beside.median)}` : ''}`
      })
      return `| ${name} | ${cells.join(' | ')} |`
    }),
    '',
  ]
}

export function headOf({ what, unit }: Column): string {
  return unit === '' ? what : `${what}, ${unit}`
}

export function verdictOf(pass: boolean | undefined): string {
  return pass === undefined ? 'shown' : pass ? 'pass' : '**miss**'
}

export function signOf(compare: 'value' | 'ratio' | 'difference'): string {
  return compare === 'ratio' ? '×' : compare === 'difference' ? 'Δ' : ''
}

export function showBound({ max, min }: Verdict['floor']): string {
  if (max !== undefined) return `≤ ${max}`
  return min === undefined ? '' : `≥ ${min}`
}

/** Median and range; of a single repetition, what it gave. */
export function showSpread({ median, min, max }: Spread): string {
  return min === max || Number.isNaN(median) ? show(median) : `${show(median)} (${show(min)}–${show(max)})`
}

export function show(value: number): string {
  const size = Math.abs(value)
  if (Number.isNaN(value)) return '–'
  return value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2)
}
