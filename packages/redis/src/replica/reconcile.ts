import type { Log } from '@sluice/core/extend'

import type { RecordReading } from '../commands/read-record.ts'
import type { Chunk } from '../protocol/chunk-codec.ts'

/** Brings a log to what the store has, which is the truth. `false`: nothing more will follow. */
export function reconcile(log: Log, record: RecordReading): boolean {
  if (record.is === 'missing') return lost(log, 'storage')
  if (record.is === 'erased') {
    if (record.end && record.seq === log.lastSeq + 1)
      takeChunk(log, { ...record, firstSeq: record.seq, events: [record.end] })
    if (!log.end) log.lose('trimmed')
    log.clear()
    return false
  }
  const { state, chunks } = record
  for (const chunk of chunks) {
    // The store has trimmed its head past the end of this log.
    if (!takeChunk(log, chunk)) return lost(log, 'trimmed')
  }
  // Events that were acknowledged are not there: somebody else has cut the log.
  if (log.lastSeq < state.seq) return lost(log, 'trimmed')
  // An end before the last event of this log, or another producer's run that begins before all of it: the store has lost
  // what is here.
  const replaced = state.epoch > log.epoch && state.seq < log.firstSeq
  if (state.seq < log.lastSeq && (replaced || state.end)) return lost(log, 'storage')
  return true
}

function lost(log: Log, code: 'storage' | 'trimmed'): false {
  log.lose(code)
  return false
}

/** Takes what follows from a chunk. `false`: events are missing in between, or must be compared with the store first. */
export function takeChunk(log: Log, { epoch, firstSeq, events }: Chunk, live = false): boolean {
  const lastSeq = firstSeq + events.length - 1
  // An earlier producer's chunk may arrive late, when the store has something else in its place.
  if (live && (epoch < log.epoch || (epoch > log.epoch && log.lastSeq > 0))) return false
  if (firstSeq > log.lastSeq + 1) return false
  const from = Math.max(firstSeq, log.firstSeq)
  const same = Math.min(lastSeq, log.lastSeq)
  // The store is right, also where its epoch is the older one: it may have lost a take-over.
  if (from <= same && epoch !== log.epochOf(same)) log.rewind(from - 1)
  if (lastSeq <= log.lastSeq) return true
  log.epoch = epoch
  for (const event of events.slice(log.lastSeq + 1 - firstSeq)) log.append(event)
  return true
}
