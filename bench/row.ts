import type { Contestant } from './contestants/roster.ts'
import type { Stage } from './stage.ts'

/** What one repetition of one contestant gave, by name. */
export type Metrics = Readonly<Record<string, number>>

/** A bound on a median. */
export interface Floor {
  /** What is bounded, for the report. */
  readonly what: string
  readonly metric: string
  readonly contestant: Contestant
  /**
   * How it is compared: as it is, or with `against` in the same repetition, by quotient or by difference.
   */
  readonly compare: 'value' | 'ratio' | 'difference'
  readonly against?: Contestant
  readonly unit: string
  /** The median may be at most this much; without it the row only shows. */
  readonly max?: number
  /** The median must be at least this much. */
  readonly min?: number
}

/** One situation, measured for several contestants. */
export interface Row {
  readonly id: string
  readonly title: string
  /** What happens in it, in a sentence or two. */
  readonly what: string
  /** What was expected before it was first measured, and why. */
  readonly expected: string
  readonly contestants: readonly Contestant[]
  readonly floors: readonly Floor[]
  /** Why it cannot be measured here, if so. */
  missing?(): string | undefined
  /** One repetition of one contestant, on fresh processes. */
  measure(stage: Stage): Promise<Metrics>
}
