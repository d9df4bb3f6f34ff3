/** The store behind a log. */
export interface LogFollower {
  /** There is something to be stored. */
  appended(): void
  /** Somebody waits for what happens to this stream, without reading it. */
  watched?(): void
}

/** What a log knows of the store behind it and of other processes; a log that is the record itself has none. */
export class LogBacking {
  /** Everything up to here is in the store; `Infinity` where the store feeds the log. */
  stored: number
  /** Bytes charged for all events up to `stored`. */
  storedBytes: number
  /** What makes an event visible to readers. */
  shows: 'appended' | 'stored' = 'appended'
  /** True while positions that the store does not have are shown without a cursor. */
  withholds = false
  follower: LogFollower | undefined
  /** Readers in other processes. */
  remoteReaders = 0
  /** Position of the furthest of them, in bytes. */
  remoteBytes = 0

  constructor(stored: number, storedBytes: number) {
    this.stored = stored
    this.storedBytes = storedBytes
  }
}
