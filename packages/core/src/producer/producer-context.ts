import type { Scheduler } from '../clock/scheduler.ts'
import type { WireError } from '../events/event.ts'
import type { Observers } from '../observe/observer.ts'
import type { StreamResult } from '../store/result.ts'
import type { Store } from '../store/store.ts'

/**
 * Runs after a stream's `end`: where an answer is saved. At least once per stream, keyed by `id`: make it idempotent.
 * When it throws or rejects, it is run again, a few times.
 */
export type Settle = (result: StreamResult) => void | Promise<void>

/** What all producers of one sluice share. */
export interface ProducerContext {
  readonly scheduler: Scheduler
  readonly store: Store
  readonly observers: Observers
  readonly settle: Settle | undefined
  /** Those that have not finished running, by stream. */
  readonly producers: { delete(streamId: string): void }
  /** What readers receive of an error. */
  explain(error: unknown): WireError
}
