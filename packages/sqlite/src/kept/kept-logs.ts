import { Deadline, type MaybePromise, storeFull, type StoredStream, type StreamName } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import type { StreamRow } from '../records/stream-row.ts'
import { byName, countLive } from './by-name.ts'
import { KeptLog, type KeptLogOwner } from './kept-log.ts'
import { loadLog } from './load-log.ts'

/** How long a log that nobody reads is kept at hand: until the caller that asked for it begins to read. */
const LINGER_MS = 500

/** The readable logs of streams that are not produced here: ended ones, and those that the process before has left. */
export class KeptLogs implements KeptLogOwner {
  readonly #context: StoreContext
  /** Least recently used first. */
  readonly #logs: Map<string, KeptLog> = new Map()
  readonly #lingering: Map<KeptLog, Deadline> = new Map()
  /** Logs that are being read from the file, by number. */
  readonly #loading: Map<number, Promise<KeptLog>> = new Map()
  /** Logs of streams that are gone, until their readers have read the rest. */
  readonly #rests: Set<KeptLog> = new Set()
  #disposed = false

  constructor(context: StoreContext) {
    this.#context = context
  }

  get size(): number {
    return this.#logs.size
  }

  get live(): number {
    return countLive(this.#logs)
  }

  get(name: StreamName): KeptLog | undefined {
    return byName(this.#logs, name)
  }

  /** The log of the stream, from the file where it is not here. @throws SluiceError `SLUICE_ERR_OVERLOADED`, `SLUICE_ERR_STORE` */
  open(row: StreamRow): MaybePromise<KeptLog> {
    const kept = this.get(row.facts)
    if (kept) {
      // Found again: it is the latest.
      this.#logs.delete(row.facts.id)
      this.#logs.set(row.facts.id, kept)
      return kept
    }
    let loading = this.#loading.get(row.number)
    if (!loading) {
      this.admit()
      loading = this.#load(row).finally(() => this.#loading.delete(row.number))
      this.#loading.set(row.number, loading)
    }
    return loading
  }

  /** A stream was produced here and has ended. Its readers keep its log; later ones find it in the file. */
  finished(stream: StoredStream, grants: Map<string, number>): void {
    const { log } = stream
    if (log.lost || log.readers.size === 0) return log.leaveAccount()
    this.#add(new KeptLog(this, stream, grants))
  }

  /** The log is produced here from now on. */
  handOver(kept: KeptLog): void {
    kept.release()
    this.#forget(kept)
  }

  /** The stream is not kept any more. `erased`: nobody reads the rest either. */
  gone(stream: StreamName, erased: boolean): void {
    const kept = this.get(stream)
    if (!kept) return
    if (erased || !kept.wanted) {
      kept.release()
      kept.stream.log.clear()
      this.#drop(kept)
    } else {
      this.#logs.delete(stream.id)
      this.#rests.add(kept)
    }
  }

  /** Takes care that there is room for another log. @throws SluiceError `SLUICE_ERR_OVERLOADED` */
  admit(): void {
    this.evict()
    if (this.#isFull) throw storeFull(this.#context.options.maxBytes)
  }

  /** Drops what nobody reads while all logs together are over their bound. */
  evict(): void {
    if (!this.#isFull) return
    for (const kept of [...this.#logs.values()]) {
      if (!this.#isFull) return
      if (!kept.wanted && kept.stream.log.end) this.#drop(kept)
    }
  }

  /** It is dropped after a while, unless somebody reads it by then. */
  idle(kept: KeptLog): void {
    if (this.#disposed) return
    if (this.#rests.delete(kept)) {
      kept.release()
      kept.stream.log.clear()
      return kept.stream.log.leaveAccount()
    }
    // Whoever has found it may read it later, and is to learn how it goes on.
    if (this.#lingering.has(kept) || !kept.stream.log.end) return
    const deadline = new Deadline({
      due: () => {
        this.#lingering.delete(kept)
        if (!kept.wanted) this.#drop(kept)
      },
    })
    this.#lingering.set(kept, deadline)
    const { scheduler } = this.#context
    scheduler.schedule(deadline, scheduler.now() + LINGER_MS)
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    await Promise.allSettled(this.#loading.values())
    for (const kept of [...this.#logs.values(), ...this.#rests]) this.#drop(kept)
  }

  async #load(row: StreamRow): Promise<KeptLog> {
    const stream = await loadLog(this.#context, row)
    const kept = new KeptLog(this, stream, this.#context.messages.grants(row.number))
    this.#add(kept)
    this.idle(kept)
    return kept
  }

  #add(kept: KeptLog): void {
    this.#logs.set(kept.stream.facts.id, kept)
  }

  get #isFull(): boolean {
    return this.#context.account.bytes > this.#context.options.maxBytes
  }

  #drop(kept: KeptLog): void {
    this.#forget(kept)
    kept.stream.log.leaveAccount()
  }

  #forget(kept: KeptLog): void {
    const { id } = kept.stream.facts
    if (this.#logs.get(id) === kept) this.#logs.delete(id)
    const deadline = this.#lingering.get(kept)
    if (deadline) this.#context.scheduler.cancel(deadline)
    this.#lingering.delete(kept)
  }
}
