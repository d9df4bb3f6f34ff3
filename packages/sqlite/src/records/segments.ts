import { isStreamEvent, type Logged } from '@sluice/core/extend'

import type { Database, Row } from '../file/database.ts'
import { damaged } from '../file/store-error.ts'
import { checksumOf, fromCheckedJson, toJson } from './stored-json.ts'

/** A run of events of one stream and one epoch. */
export interface Segment {
  readonly epoch: number
  readonly firstSeq: number
  readonly events: readonly Logged[]
}

const WHAT = 'A segment of a stream'

export function writeSegment(database: Database, stream: number, { epoch, firstSeq, events }: Segment): void {
  const text = toJson(events)
  database.run(
    'INSERT INTO segments (stream, first_seq, last_seq, epoch, events, checksum) VALUES (?, ?, ?, ?, ?, ?)',
    stream,
    firstSeq,
    firstSeq + events.length - 1,
    epoch,
    text,
    checksumOf(text),
  )
}

/** The first segment after that position. @throws SluiceError `SLUICE_ERR_STORE` */
export function nextSegment(database: Database, stream: number, afterSeq: number): Segment | undefined {
  const row = database.first(
    'SELECT first_seq, last_seq, epoch, events, checksum FROM segments WHERE stream = ? AND first_seq > ? ORDER BY first_seq LIMIT 1',
    stream,
    afterSeq,
  )
  return row && segmentIn(row)
}

/** The segments that end before that position. @throws SluiceError `SLUICE_ERR_STORE` */
export function segmentsBefore(database: Database, stream: number, firstSeq: number): Segment[] {
  return database
    .all(
      'SELECT first_seq, last_seq, epoch, events, checksum FROM segments WHERE stream = ? AND last_seq < ? ORDER BY first_seq',
      stream,
      firstSeq,
    )
    .map(segmentIn)
}

export function deleteSegmentsBefore(database: Database, stream: number, firstSeq: number): void {
  database.run('DELETE FROM segments WHERE stream = ? AND last_seq < ?', stream, firstSeq)
}

/** Deletes some of the oldest; gives whether there were any. */
export function deleteSomeSegments(database: Database, stream: number, count: number): boolean {
  const last = database.first(
    'SELECT max(first_seq) AS first_seq FROM (SELECT first_seq FROM segments WHERE stream = ? ORDER BY first_seq LIMIT ?)',
    stream,
    count,
  )
  if (typeof last?.first_seq !== 'number') return false
  database.run('DELETE FROM segments WHERE stream = ? AND first_seq <= ?', stream, last.first_seq)
  return true
}

function segmentIn({ first_seq: firstSeq, last_seq: lastSeq, epoch, events: text, checksum }: Row): Segment {
  const events = fromCheckedJson<Logged[]>(text, checksum, WHAT)
  requireEvents(events, WHAT)
  if (typeof firstSeq !== 'number' || typeof epoch !== 'number' || firstSeq + events.length - 1 !== lastSeq)
    throw damaged(WHAT)
  return { epoch, firstSeq, events }
}

/** A version of sluice that knows more kinds of event may have written them. @throws SluiceError `SLUICE_ERR_STORE` */
export function requireEvents(events: unknown, what: string): asserts events is readonly Logged[] {
  const are = Array.isArray(events) && events.every((event) => typeof event === 'string' || isStreamEvent(event))
  if (!are) throw damaged(what)
}
