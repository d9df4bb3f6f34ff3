import { Log, type LogAccount, type StoredStream, streamBytes } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { damaged } from '../file/store-error.ts'
import { nextSegment, type Segment } from '../records/segments.ts'
import type { StreamRow } from '../records/stream-row.ts'

/** How long one slice of reading keeps the event loop from others. */
const SLICE_MS = 5

/**
 * Reads a stream's log from the file: at once, if that takes no longer than a slice. The whole of it, or nothing.
 *
 * @throws SluiceError `SLUICE_ERR_STORE` where something of it is missing, or is not what was written
 */
export async function loadLog(context: StoreContext, row: StreamRow): Promise<StoredStream> {
  const { database, scheduler } = context
  const { facts, number, seq, firstSeq, end, timing } = row
  let segment = nextSegment(database, number, 0)
  const log = newLog(row, segment, context.account)
  try {
    for (let untilMs = scheduler.runtime.now() + SLICE_MS; segment;) {
      if (segment.firstSeq !== log.lastSeq + 1) throw damaged('The log of a stream')
      log.epoch = segment.epoch
      for (const event of segment.events) log.append(event)
      segment = nextSegment(database, number, log.lastSeq)
      if (!segment || scheduler.runtime.now() < untilMs) continue
      await scheduler.nextTurn()
      untilMs = scheduler.runtime.now() + SLICE_MS
    }
    if (log.lastSeq !== seq || (log.end !== undefined) !== (end !== undefined)) throw damaged('The log of a stream')
  } catch (error) {
    log.leaveAccount()
    throw error
  }
  // A take-over may have raised it, and nothing was said since.
  log.epoch = row.epoch
  log.trimTo(firstSeq)
  return { facts, log, timing: { ...timing } }
}

function newLog({ facts, keeping, epoch, head, end }: StreamRow, first: Segment | undefined, account: LogAccount): Log {
  const seq = (first?.firstSeq ?? 1) - 1
  // What is known of the time before must be about all of it.
  const known = head?.nextSeq === seq + 1 ? head : undefined
  return new Log(facts.id, first?.epoch ?? epoch, {
    // What is kept of an ended stream was decided where it was produced.
    retentionBytes: end ? Infinity : keeping.retentionBytes,
    account,
    streamBytes: streamBytes(facts),
    ...(seq > 0 && { from: { seq, epoch: known?.epoch ?? first!.epoch, head: known } }),
  })
}
