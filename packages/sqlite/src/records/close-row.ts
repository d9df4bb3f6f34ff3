import type { EndEvent } from '@sluice/core'
import { stepRecord } from '@sluice/core/extend'

import type { Database } from '../file/database.ts'
import { writeSegment } from './segments.ts'
import type { StreamRow } from './stream-row.ts'
import type { Ending, StreamTable } from './stream-table.ts'

/** Where a stream is that was closed: its end has the next position, in an epoch of its own. */
export interface ClosedRow {
  readonly end: EndEvent
  readonly epoch: number
  readonly seq: number
}

/**
 * Ends a stream that nobody produces (contract 5). A usage that the caller estimated, without its events, is what the file has
 * counted.
 */
export function closeRow(
  { database, streams }: { readonly database: Database; readonly streams: StreamTable },
  row: StreamRow,
  { end: asked, ...ending }: Ending,
): ClosedRow {
  const { usage } = row
  const counted = usage ?? { outputTokens: row.tokens, estimated: true }
  const end = asked.usage && !asked.usage.estimated ? asked : { ...asked, usage: counted }
  const { state } = stepRecord(
    { epoch: row.epoch, seq: row.seq, end: undefined, leaseUntilMs: 0 },
    { type: 'close', end },
  )
  const { epoch, seq } = state
  const { number, firstSeq, tokens, timing } = row
  database.transaction(() => {
    writeSegment(database, number, { epoch, firstSeq: seq, events: [end] })
    streams.advance(number, { epoch, seq, firstSeq, tokens, usage, timing })
    streams.end(number, { ...ending, end })
  })
  return { end, epoch, seq }
}
