import type { Floor, Row } from './row.ts'
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
}

/** Compares within each repetition, then takes the median: what disturbs a moment disturbs both. */
export function judge(row: Row, repetitions: readonly Repetition[]): Verdict[] {
  return row.floors.map((floor) => {
    const { metric, contestant, against, compare, max = Infinity, min = -Infinity } = floor
    const of = (name: string): number[] => repetitions.map((measured) => measured[name]?.[metric] ?? Number.NaN)
    const ours = of(contestant.name)
    const theirs = against && of(against.name)
    const value = spreadOf(ours.map((mine, index) => compared(compare, mine, theirs?.[index])))
    const bounded = floor.max !== undefined || floor.min !== undefined
    return {
      floor,
      value,
      ours: spreadOf(ours),
      against: theirs && spreadOf(theirs),
      pass: bounded ? value.median <= max && value.median >= min : undefined,
    }
  })
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
