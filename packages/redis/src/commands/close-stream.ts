import type { EndEvent } from '@sluice/core'
import type { Keeping, StreamName } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { nameOf } from '../protocol/notice.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
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
  | { is: 'attended'; reports: readonly string[] }
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
  const known = usage && !usage.estimated ? JSON.stringify(usage) : ''
  const { logMs, metaMs } = endedMs(keeping)
  const reply = (await connection.run(
    SCRIPTS.close,
    [keys.meta(stream), keys.log(stream), keys.readers(stream)],
    [
      JSON.stringify(rest),
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
  )) as [string, string, number | string, number | string]
  const [outcome, storedEnd, epoch, seq] = reply
  if (outcome === 'attended') return { is: 'attended', reports: reply.slice(1).map(String) }
  if (outcome === 'held' || outcome === 'fenced') return { is: outcome }
  if (outcome !== 'ok' && outcome !== 'closed') return { is: 'missing' }
  const parsed = JSON.parse(storedEnd) as EndEvent
  return { is: 'closed', first: outcome === 'ok', end: parsed, epoch: Number(epoch), seq: Number(seq) }
}
