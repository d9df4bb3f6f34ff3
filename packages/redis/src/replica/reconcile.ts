import type { Log } from '@sluice/core'

import type { Chunk } from '../protocol/chunk-codec.ts'
import type { RecordReading } from '../commands/read-record.ts'

/** Brings a log to what the store has, which is the truth. `false`: nothing more will come of it. */
export function reconcile(log: Log, looked: RecordReading): boolean {
  if (looked.is === 'missing') return lost(log, 'storage')
  if (looked.is === 'erased') {
    if (looked.end && looked.seq === log.lastSeq + 1)
      takeChunk(log, { ...looked, firstSeq: looked.seq, events: [looked.end] })
    if (!log.end) log.lose('trimmed')
    log.clear()
    return false
  }
  const { state, chunks } = looked
  for (const chunk of chunks) {
    // The head was trimmed past us.
    if (!takeChunk(log, chunk)) return lost(log, 'trimmed')
  }
  // What was acknowledged is not there: somebody else has cut the log.
  if (log.lastSeq < state.seq) return lost(log, 'trimmed')
  // An end before what is here, or another producer's run that begins before all of it: what is here was lost there.
  const replaced = state.epoch > log.epoch && state.seq < log.firstSeq
  if (state.seq < log.lastSeq && (replaced || state.end)) return lost(log, 'storage')
  return true
}

function lost(log: Log, code: 'storage' | 'trimmed'): false {
  log.lose(code)
  return false
}

/** Takes what follows from a chunk. `false`: something is missing in between, or must be compared first. */
export function takeChunk(log: Log, { epoch, firstSeq, events }: Chunk, live = false): boolean {
  const lastSeq = firstSeq + events.length - 1
  // What an earlier producer said may be heard late, when the store has something else there.
  if (live && (epoch < log.epoch || (epoch > log.epoch && log.lastSeq > 0))) return false
  if (firstSeq > log.lastSeq + 1) return false
  const from = Math.max(firstSeq, log.firstSeq)
  const same = Math.min(lastSeq, log.lastSeq)
  // The store is right, also where its epoch is the older one: it may have lost that somebody took over.
  if (from <= same && epoch !== log.epochOf(same)) log.rewind(from - 1)
  if (lastSeq <= log.lastSeq) return true
  log.epoch = epoch
  for (const event of events.slice(log.lastSeq + 1 - firstSeq)) log.append(event)
  return true
}
