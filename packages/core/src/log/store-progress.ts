import type { Entry } from './entry.ts'

/** The store behind a log. */
export interface LogPersister {
  /** There is something to be stored. */
  appended(): void
  /** Somebody waits for what happens to this stream, without reading it. */
  watched?(): void
  /** Somebody who did waits no more. */
  unwatched?(): void
}

/** What a log knows of the store behind it; a log that is the record itself has none. */
export class StoreProgress {
  /** Everything up to here is in the store; `Infinity` where the store feeds the log. */
  stored: number
  /** Bytes charged for all events up to `stored`. */
  storedBytes: number
  /** What makes an event visible to readers. */
  shows: 'appended' | 'stored' = 'appended'
  /** True while positions that the store does not have are shown without a cursor. */
  withholds = false
  persister: LogPersister | undefined

  constructor(stored: number, storedBytes: number) {
    this.stored = stored
    this.storedBytes = storedBytes
  }

  /** The store has everything up to `seq`, of which readers were shown what is up to `committed`. */
  storedUpTo(seq: number, bytes: number, committed: number): void {
    this.stored = seq
    this.storedBytes = bytes
    if (this.withholds && this.shows === 'stored' && seq >= committed) this.withholds = false
  }

  /** The store does not answer: the log goes on without it. */
  runAhead(): void {
    this.withholds = true
    this.shows = 'appended'
  }

  /** The store answers again; readers were shown what is up to `committed`. */
  storeFirstAgain(shows: 'appended' | 'stored', committed: number): void {
    this.shows = shows
    this.withholds = shows === 'stored' && this.stored < committed
  }

  /** The log was taken back to `seq`. */
  rewind(seq: number, bytes: number): void {
    if (this.stored <= seq || this.stored === Infinity) return
    this.stored = seq
    this.storedBytes = bytes
  }

  /** Marks what has no cursor yet. */
  mark(chunk: readonly Entry[]): void {
    if (!this.withholds) return
    for (const entry of chunk) if (entry.seq > this.stored) entry.withheld = true
  }
}
