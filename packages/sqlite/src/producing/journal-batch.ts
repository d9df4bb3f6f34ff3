import type { Logged } from '@sluice/core/extend'

import type { JournalEntry } from '../records/journal.ts'

/** What streams have said since the last commit, gathered for one row of the journal. */
export class JournalBatch {
  /** The number the row will have. */
  readonly number: number
  readonly entries: JournalEntry[] = []
  /** Pages that all of the commit changes, about. */
  pages = 2
  /** Bytes of the row, once it is written. */
  bytes = 0

  constructor(number: number) {
    this.number = number
  }

  add(stream: number, epoch: number, firstSeq: number, events: readonly Logged[]): void {
    this.entries.push([stream, epoch, firstSeq, events])
  }
}
