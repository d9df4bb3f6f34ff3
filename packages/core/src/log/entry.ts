import type { StreamEvent } from '../events/event.ts'

/** One (merged) event of a chunk, and the position right after it. */
export interface Entry {
  event: StreamEvent
  epoch: number
  /** Seq of the last logged event that was merged into `event`. */
  seq: number
  /** True while the store does not have it: it is shown without a position to resume from. */
  withheld?: true
}
