import type { Log } from '@sluice/core/extend'

import { encodeChunk, type EncodedChunk } from '../protocol/chunk-codec.ts'

/** Events considered for one entry; its bytes are bounded by the codec. */
const MAX_EVENTS = 2_048

/** What a store that has all up to `acked` lacks; `undefined` where it is not kept here any more either. */
export function nextChunk(log: Log, acked: number): EncodedChunk | undefined {
  const firstSeq = acked + 1
  if (firstSeq < log.firstSeq) return undefined
  const epoch = log.epochOf(firstSeq)
  return encodeChunk({ epoch, firstSeq, events: log.slice(firstSeq, lastOf(log, epoch, firstSeq)) })
}

/** An entry has one epoch: an earlier producer's events may have to be written again before our own. */
function lastOf(log: Log, epoch: number, firstSeq: number): number {
  let lastSeq = Math.min(log.lastSeq, firstSeq - 1 + MAX_EVENTS)
  while (lastSeq > firstSeq && log.epochOf(lastSeq) !== epoch) lastSeq--
  return lastSeq
}
