import type { Log } from '../log/log.ts'
import type { Logged } from '../log/segment.ts'
import type { ResolvedStreamOptions } from '../store/stream-options.ts'

/** What the pump tells the stream it works for. */
export interface PumpHost {
  /** The source is open: the promise its function returned has settled, or its first item is there. */
  sourceOpened(): void
  /** The first event is in the log. */
  sourceBegan(): void
  /** A pull has begun whose deadline comes before `Pump.watchedUntilMs`. */
  sourcePulled(): void
  /** The source has finished by itself. */
  sourceFinished(): void
  sourceFailed(error: unknown): void
  /** All of the source's own code has come to rest. */
  sourceStopped(): void
}

/** Changes events before they get a seq; built by the stream from its `transforms`. */
export type Rewrite = (event: Logged | undefined, admit: (event: Logged) => void) => void

/** What a pump works with, besides its scheduler. */
export interface PumpParts {
  log: Log
  owner: PumpHost
  options: ResolvedStreamOptions
  rewrite: Rewrite | undefined
}
