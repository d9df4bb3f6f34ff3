import type { Contestant } from '../contestants/roster.ts'
import type { Stage } from '../load/stage.ts'
import type { StoreContestant } from '../stores/roster.ts'
import type { StoreStage } from '../stores/stage.ts'

/** What one repetition of one contestant gave, by name. */
export type Metrics = Readonly<Record<string, number>>

/** A bound on a median. */
export interface Floor {
  /** What is bounded, for the report. */
  readonly what: string
  readonly metric: string
  readonly contestant: { readonly name: string }
  /**
   * How it is compared: as it is, or with `against` in the same repetition, by quotient or by difference.
   */
  readonly compare: 'value' | 'ratio' | 'difference'
  readonly against?: { readonly name: string }
  readonly unit: string
  /** The median may be at most this much; without it the row only shows. */
  readonly max?: number
  /** The median must be at least this much. */
  readonly min?: number
}

/** A figure that is shown of every contestant, beside the others. */
export interface Column {
  readonly what: string
  readonly metric: string
  readonly unit: string
  /** Where more of it is better; else less is. */
  readonly isGain?: boolean
  /** A figure of the first contestant's that others are shown in multiples of, too. */
  readonly isCompared?: boolean
}

/** What a row is and is held to. */
interface RowFacts {
  readonly id: string
  readonly title: string
  /** What happens in it, in a sentence or two. */
  readonly what: string
  /** What was expected before it was first measured, and why. */
  readonly expected: string
  readonly floors: readonly Floor[]
  /** Makes it a table of its own, with a line for each contestant. */
  readonly columns?: readonly Column[]
  /** Why it cannot be measured here, if so. */
  missing?(): string | undefined
}

/** One situation of a server and its clients, measured for several contestants. */
export interface ServerRow extends RowFacts {
  readonly contestants: readonly Contestant[]
  /** One repetition of one contestant, on fresh processes. */
  measure(stage: Stage): Promise<Metrics>
}

/** One situation of a store and the processes that share it. */
export interface StoreRow extends RowFacts {
  readonly contestants: readonly StoreContestant[]
  /** One repetition of one contestant: fresh processes, on a Redis that all contestants of the repetition use in turn. */
  measureStore(stage: StoreStage): Promise<Metrics>
}

/** One situation that needs no process of its own: what is timed does not depend on who else is in it. */
export interface AloneRow extends RowFacts {
  readonly contestants: readonly { readonly name: string }[]
  /** One repetition of one contestant. */
  measureAlone(contestant: { readonly name: string }, options: { quick: boolean }): Promise<Metrics>
}

export type Row = ServerRow | StoreRow | AloneRow
