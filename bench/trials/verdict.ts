import type { Column, Floor, Row } from './row.ts'
import type { Repetition } from './trials.ts'

/** Median and range over the repetitions. */
export interface Spread {
  median: number
  min: number
  max: number
}

/** What a floor says about what was measured. */
export interface Verdict {
  floor: Floor
  /** What is compared with the floor. */
  value: Spread
  ours: Spread
  against: Spread | undefined
  /** Nothing when there is no bound. */
  pass: boolean | undefined
  /** The repetitions differ by so much that the median says little. */
  scatters: boolean
}

/** What a column says of one contestant. */
export interface Cell {
  value: Spread
  /** In multiples of the first contestant's, of the same repetition. */
  beside: Spread | undefined
}

/** Repetitions that lie further apart than this part of their median say little. */
const SCATTER = 0.5

/** Compares within each repetition, then takes the median: what disturbs a moment disturbs both. */
export function judge(row: Row, repetitions: readonly Repetition[]): Verdict[] {
  return row.floors.map((floor) => {
    const { metric, contestant, against, compare, max = Infinity, min = -Infinity } = floor
    const ours = valuesOf(repetitions, contestant.name, metric)
    const theirs = against && valuesOf(repetitions, against.name, metric)
    const value = spreadOf(ours.map((mine, index) => compared(compare, mine, theirs?.[index])))
    const bounded = floor.max !== undefined || floor.min !== undefined
    return {
      floor,
      value,
      ours: spreadOf(ours),
      against: theirs && spreadOf(theirs),
      pass: bounded ? value.median <= max && value.median >= min : undefined,
      scatters: bounded && isUnsure(value, { max, min }),
    }
  })
}

/** What is told of a contestant in a column; with how it compares to the first, where the column says so. */
export function cellOf(row: Row, repetitions: readonly Repetition[], name: string, column: Column): Cell {
  const mine = valuesOf(repetitions, name, column.metric)
  const first = row.contestants[0]!.name
  if (!column.isCompared || name === first) return { value: spreadOf(mine), beside: undefined }
  const theirs = valuesOf(repetitions, first, column.metric)
  return { value: spreadOf(mine), beside: spreadOf(mine.map((value, index) => value / theirs[index]!)) }
}

function valuesOf(repetitions: readonly Repetition[], name: string, metric: string): number[] {
  return repetitions.map((measured) => measured[name]?.[metric] ?? Number.NaN)
}

/** Some repetitions pass and others do not, or they are far from one another and not all far from the bound. */
function isUnsure({ median, min, max }: Spread, bound: { max: number; min: number }): boolean {
  const passes = (value: number): boolean => value <= bound.max && value >= bound.min
  if (passes(min) !== passes(max)) return true
  const nearest = Math.min(Math.abs(bound.max - median), Math.abs(median - bound.min))
  return max - min > SCATTER * Math.abs(median) && max - min > nearest
}

function compared(compare: Floor['compare'], mine: number, theirs: number = Number.NaN): number {
  if (compare === 'ratio') return mine / theirs
  return compare === 'difference' ? mine - theirs : mine
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}
