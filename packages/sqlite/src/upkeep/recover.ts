import { isTextual } from '@sluice/core'
import { cutEnd, type Logged } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { closeRow } from '../records/close-row.ts'
import { nextJournalRow, trimJournal } from '../records/journal.ts'
import { writeSegment } from '../records/segments.ts'
import type { StreamRow } from '../records/stream-row.ts'

/** A run of events that the journal has of a stream. */
interface Run {
  readonly epoch: number
  readonly firstSeq: number
  readonly events: Logged[]
}

/**
 * Gives the streams that the process before has left their events, and their ends: `interrupted`, cause `lease`, with all that
 * was acknowledged. Those of a named source are left to be taken over.
 *
 * @throws SluiceError `SLUICE_ERR_STORE`
 */
export function recover(context: StoreContext): StreamRow[] {
  const { database, streams } = context
  return database.transaction(() => {
    const running = streams.running()
    const runs = readJournal(context, new Set(running.map(({ number }) => number)))
    const left = running.map((row) => advanced(context, row, runs.get(row.number) ?? []))
    trimJournal(database, Infinity)
    for (const row of left) if (!row.facts.source) interrupt(context, row)
    return left.filter(({ facts }) => facts.source)
  })
}

/** Ends a stream that nobody goes on with. */
export function interrupt(context: StoreContext, row: StreamRow): ReturnType<typeof closeRow> {
  const endedAtMs = context.clock.now()
  const ending = { endedAtMs, expiresAtMs: endedAtMs + row.keeping.retentionMs, settled: false }
  return closeRow(context, row, { end: cutEnd(undefined, 'lease'), ...ending })
}

/** What the journal has of these streams, in order. */
function readJournal(context: StoreContext, wanted: ReadonlySet<number>): Map<number, Run[]> {
  const all = new Map<number, Run[]>()
  try {
    for (let row = nextJournalRow(context.database, 0); row; row = nextJournalRow(context.database, row.number)) {
      for (const [stream, epoch, firstSeq, events] of row.entries)
        if (wanted.has(stream)) addRun(all, stream, { epoch, firstSeq, events: [...events] })
    }
  } catch (error) {
    // What follows is not known: streams end where the journal is read no further, and readers that were further are told.
    context.options.onWarning(`Part of the journal in ${context.options.directory} is lost: ${String(error)}`)
  }
  return all
}

function addRun(all: Map<number, Run[]>, stream: number, run: Run): void {
  const runs = all.get(stream)
  const last = runs?.at(-1)
  if (!runs) all.set(stream, [run])
  else if (last?.epoch === run.epoch && run.firstSeq === last.firstSeq + last.events.length)
    last.events.push(...run.events)
  else runs.push(run)
}

/** Writes what follows the segments of a stream; gives its record with that. */
function advanced({ database, streams }: StoreContext, row: StreamRow, runs: readonly Run[]): StreamRow {
  let { seq, epoch, tokens, usage } = row
  for (const run of runs) {
    const lastSeq = run.firstSeq + run.events.length - 1
    // It has a segment already, or something before it is missing.
    if (lastSeq <= seq || run.firstSeq > seq + 1) continue
    const events = run.events.slice(seq + 1 - run.firstSeq)
    writeSegment(database, row.number, { epoch: run.epoch, firstSeq: seq + 1, events })
    for (const event of events) {
      if (typeof event === 'string' || isTextual(event)) tokens++
      else if (event.type === 'usage') usage = event.usage
    }
    seq = lastSeq
    // A take-over may have raised it since.
    epoch = Math.max(epoch, run.epoch)
  }
  if (seq === row.seq) return row
  const { firstSeq, timing } = row
  streams.advance(row.number, { epoch, seq, firstSeq, tokens, usage, timing })
  return { ...row, seq, epoch, tokens, usage }
}
