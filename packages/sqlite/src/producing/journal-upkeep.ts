import { Deadline } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { trimJournal } from '../records/journal.ts'
import { JournalBatch } from './journal-batch.ts'
import type { ProducedStream } from './produced-stream.ts'
import { Unfolded } from './unfolded.ts'

/** How long events may be in the journal alone. */
const UNFOLDED_MS = 10_000
const SWEEP_EVERY_MS = 1_000
/** How long one sweep may keep the event loop from others. */
const SWEEP_MS = 5
const MAX_BYTES = 8 * 1024 * 1024

/** Keeps the journal short: streams that say little get segments now and then, and what nobody needs is forgotten. */
export class JournalUpkeep {
  readonly #context: StoreContext
  readonly #unfolded: Unfolded = new Unfolded()
  readonly #sweep: Deadline = new Deadline({ due: () => this.#sweepDue() })
  /** Number of the next row. */
  #row = 1
  /** Bytes of all rows since the file was opened. */
  #bytes = 0
  #stopped = false

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** What is to be the next row. */
  nextBatch(): JournalBatch {
    return new JournalBatch(this.#row)
  }

  /** These streams are where the batch, which is committed, has brought them. */
  committed(batch: JournalBatch, streams: Iterable<ProducedStream>, nowMs: number): void {
    if (batch.entries.length > 0) this.#row++
    const since = { row: batch.number, atMs: nowMs, bytes: this.#bytes }
    this.#bytes += batch.bytes
    for (const stream of streams) {
      if (stream.isFolded) this.#unfolded.delete(stream)
      else this.#unfolded.add(stream, since)
    }
    if (this.#unfolded.size > 0) this.#plan()
  }

  /** What the stream has in the journal is not needed any more. */
  forget(stream: ProducedStream): void {
    this.#unfolded.delete(stream)
  }

  stop(): void {
    this.#stopped = true
    this.#context.scheduler.cancel(this.#sweep)
  }

  #plan(): void {
    const { scheduler } = this.#context
    if (this.#sweep.place === -1 && !this.#stopped) scheduler.schedule(this.#sweep, scheduler.now() + SWEEP_EVERY_MS)
  }

  #sweepDue(): void {
    const { checkpoints, database } = this.#context
    if (!checkpoints.holding) {
      try {
        this.#foldOldest()
        database.transaction(() => trimJournal(database, this.#unfolded.first?.row ?? this.#row))
      } catch {
        // The next commit is refused as well, and says so; until then the journal is longer.
      }
    }
    if (this.#unfolded.size > 0 || checkpoints.holding) this.#plan()
  }

  #foldOldest(): void {
    const { scheduler, database, checkpoints } = this.#context
    const untilMs = scheduler.runtime.now() + SWEEP_MS
    const isLong = this.#bytes - (this.#unfolded.first?.bytes ?? Infinity) > MAX_BYTES
    const batch = this.nextBatch()
    const folded: ProducedStream[] = []
    database.transaction(() => {
      for (const stream of this.#unfolded.before(isLong ? Infinity : scheduler.now() - UNFOLDED_MS)) {
        stream.fold(batch)
        folded.push(stream)
        if (scheduler.runtime.now() >= untilMs) break
      }
    })
    for (const stream of folded) {
      stream.apply()
      this.#unfolded.delete(stream)
    }
    checkpoints.wrote(batch.pages)
  }
}
