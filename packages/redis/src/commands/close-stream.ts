import type { EndEvent } from '@sluice/core'
import type { Keeping, StreamName } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { attendanceIn, type Report } from '../protocol/attendance.ts'
import { nameOf } from '../protocol/notice.ts'
import { decodeField } from '../protocol/record-codec.ts'
import { listIn, textIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { toStoredJson } from '../protocol/stored-json.ts'
import { countIn } from '../protocol/stored-number.ts'
import { endedMs } from '../protocol/times.ts'

/** How a stream is to be ended from outside its producer. */
export interface CloseRequest {
  end: EndEvent
  keeping: Pick<Keeping, 'retentionMs'>
  /** Default `always`. */
  mode?: 'always' | 'unlessAttended' | 'ifLapsed' | undefined
  /** In mode `ifLapsed`: for how long the lease must have been over. */
  lapsedMs?: number | undefined
  /** Only while this epoch stands. */
  epoch?: number | undefined
}

/** How that turned out. */
export type CloseOutcome =
  | { is: 'closed'; first: boolean; end: EndEvent; epoch: number; seq: number }
  | { is: 'attended'; reports: ReadonlyMap<string, Report> }
  | { is: 'held' }
  | { is: 'fenced' }
  | { is: 'missing' }

/** Ends a stream in one fenced step. A usage that the caller estimated is counted again in the store, which has all events. */
export async function closeStream(
  { connection, keys }: StoreContext,
  stream: StreamName,
  { end, keeping, mode = 'always', lapsedMs = 0, epoch: standingEpoch }: CloseRequest,
): Promise<CloseOutcome> {
  const { usage, ...rest } = end
  const known = usage && !usage.estimated ? toStoredJson(usage) : ''
  const { logMs, metaMs } = endedMs(keeping)
  const closed = await connection.run(
    SCRIPTS.close,
    [keys.meta(stream), keys.log(stream), keys.readers(stream)],
    [
      toStoredJson(rest),
      known,
      keys.channel(stream),
      keys.instances,
      logMs,
      mode,
      lapsedMs,
      nameOf(stream),
      metaMs,
      standingEpoch ?? '',
    ],
  )
  const [outcome, ...more] = listIn(closed)
  if (outcome === 'attended') return { is: 'attended', reports: attendanceIn(more) }
  if (outcome === 'held' || outcome === 'fenced') return { is: outcome }
  if (outcome !== 'ok' && outcome !== 'closed') return { is: 'missing' }
  const [storedEnd, epoch, seq] = more
  const [atEpoch, atSeq] = [epoch, seq].map((at) => countIn(String(at), 'The end of a stream'))
  const stored = decodeField('end', textIn(storedEnd))
  return { is: 'closed', first: outcome === 'ok', end: stored, epoch: atEpoch!, seq: atSeq! }
}
