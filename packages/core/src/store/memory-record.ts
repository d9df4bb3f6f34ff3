import type { Deadline, Due } from '../clock/deadlines.ts'
import type { LogWatcher } from '../log/log-listeners.ts'
import type { RecordState } from './record-machine.ts'
import type { StoredStream } from './store.ts'

/** Whoever keeps records: told what becomes of them. */
export interface RecordOwner {
  /** The stream has ended. */
  ending(record: MemoryRecord): void
  /** Its time is over. */
  expire(record: MemoryRecord): void
}

/** One stream as the memory store keeps it; it hears of its end, and of its time. */
export class MemoryRecord implements Due, LogWatcher {
  leaseUntilMs: number
  readonly stream: StoredStream
  readonly retentionMs: number
  /** Set when the stream has ended. */
  expiry: Deadline | undefined
  readonly #owner: RecordOwner

  constructor(owner: RecordOwner, stream: StoredStream, leaseUntilMs: number, retentionMs: number) {
    this.#owner = owner
    this.stream = stream
    this.leaseUntilMs = leaseUntilMs
    this.retentionMs = retentionMs
    stream.log.watchers.add(this)
  }

  /** The log is the record: what the machine decides on is read from it. */
  get state(): RecordState {
    const { log } = this.stream
    return { epoch: log.epoch, seq: log.lastSeq, end: log.end, leaseUntilMs: this.leaseUntilMs }
  }

  /** It is kept no longer than somebody reads it. */
  leave(): void {
    const { log } = this.stream
    if (log.readers.size > 0) log.watchers.add(this)
    else log.clear()
  }

  readersChanged(): void {
    const { log } = this.stream
    if (!log.end || log.readers.size > 0) return
    log.watchers.delete(this)
    log.clear()
  }

  due(): void {
    this.#owner.expire(this)
  }

  ended(): void {
    this.#owner.ending(this)
  }
}
