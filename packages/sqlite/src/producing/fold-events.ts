import type { Usage } from '@sluice/core'
import type { Log, Logged, StoredStream } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { foldHead, type Head } from '../records/head.ts'
import { journalEntriesOf } from '../records/journal.ts'
import { deleteSegmentsBefore, segmentsBefore, writeSegment } from '../records/segments.ts'

/** Where a stream is with what it has written. */
export interface Position {
  /** Up to here events are in the file. */
  acked: number
  /** Up to here they are in segments. */
  folded: number
  /** Bytes between the two, and the row of the journal they begin in. */
  unfoldedBytes: number
  row: number
  tokens: number
  usage: Usage | undefined
  /** The file keeps nothing before this, and this is known of it. */
  firstSeq: number
  head: Head | undefined
}

/** A stream, by the number it has in the file. */
export interface NumberedStream {
  readonly number: number
  readonly stream: StoredStream
}

/** What follows from `firstSeq` in its epoch, up to `lastSeq`: an end from outside has an epoch of its own. */
export function eventsOf(log: Log, firstSeq: number, lastSeq: number): readonly Logged[] {
  let last = lastSeq
  while (last > firstSeq && log.epochOf(last) !== log.epochOf(firstSeq)) last--
  return log.slice(firstSeq, last)
}

/** Writes what has no segment yet to one, or to as many as it has epochs, and moves `at` there. */
export function foldEvents(context: StoreContext, { number, stream: { log } }: NumberedStream, at: Position): void {
  for (let seq = foldTrimmed(context, number, log, at); seq <= at.acked;) {
    const events = eventsOf(log, seq, at.acked)
    writeSegment(context.database, number, { epoch: log.epochOf(seq), firstSeq: seq, events })
    seq += events.length
  }
  at.folded = at.acked
  at.unfoldedBytes = 0
  at.row = 0
  trimHead(context, number, log, at)
}

/** What the log has trimmed before it had a segment is in the journal. Gives the first position that the log still has. */
function foldTrimmed({ database }: StoreContext, number: number, log: Log, { folded, row }: Position): number {
  const { firstSeq } = log
  if (firstSeq <= folded + 1) return folded + 1
  for (const [, epoch, seq, all] of journalEntriesOf(database, number, row)) {
    const events = all.slice(Math.max(0, folded + 1 - seq), Math.max(0, firstSeq - seq))
    if (events.length > 0) writeSegment(database, number, { epoch, firstSeq: Math.max(seq, folded + 1), events })
  }
  return firstSeq
}

/** What the log keeps no more is summed up in the file, too. */
function trimHead({ database, streams }: StoreContext, number: number, { firstSeq }: Log, at: Position): void {
  if (firstSeq === at.firstSeq) return
  for (const segment of segmentsBefore(database, number, firstSeq)) at.head = foldHead(at.head, segment)
  deleteSegmentsBefore(database, number, firstSeq)
  if (at.head) streams.setHead(number, at.head)
  at.firstSeq = firstSeq
}
