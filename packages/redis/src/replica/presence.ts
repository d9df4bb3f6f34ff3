import type { StoredStream } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { nameOf } from '../protocol/notice.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { ATTENDANCE_MS } from '../protocol/times.ts'

/** What decides when is reported, and under which name. */
export interface PresenceParts {
  readonly windowBytes: number
  /** Number of the log that is read, unique within the process. */
  readonly number: number
}

/** Reports to the producer of a stream, in another process, that it is read here, and how far. */
export class Presence {
  readonly #context: StoreContext
  readonly #stream: StoredStream
  readonly #windowBytes: number
  /** A process may have two logs of one stream for a while: neither may report that nobody reads the other. */
  readonly #reporter: string
  #reportedBytes = 0
  #reportedSeq = 0
  #reportedReaders = false

  constructor(context: StoreContext, stream: StoredStream, { windowBytes, number }: PresenceParts) {
    this.#context = context
    this.#stream = stream
    this.#windowBytes = windowBytes
    this.#reporter = `${context.instance}.${number}`
  }

  /** The furthest reader has moved. Each half window of it is reported. */
  furthestMoved(): void {
    if (this.#stream.log.furthestBytes - this.#reportedBytes >= this.#windowBytes / 2) this.report()
    this.arrived()
  }

  /** Contract 10: the producer waits once it is a window past what it was last told of; nobody here may wait for it then. */
  arrived(): void {
    const { log } = this.#stream
    log.holdWindow(log.totalBytes - this.#reportedBytes >= this.#windowBytes)
  }

  /** Others read here than before: reported where that is somewhere else. One that polls comes and goes in its place. */
  readersChanged(): void {
    const hasReaders = this.#stream.log.readers.size > 0
    if (hasReaders !== this.#reportedReaders || this.#furthestSeq() !== this.#reportedSeq) this.report()
  }

  /** Reports also what has not changed, since a report holds only for a while. */
  report(): void {
    const { log, facts } = this.#stream
    const hasReaders = log.readers.size > 0
    if (log.end || log.lost || (!hasReaders && !this.#reportedReaders)) return
    const furthestSeq = this.#furthestSeq()
    this.#reportedReaders = hasReaders
    this.#reportedBytes = log.furthestBytes
    this.#reportedSeq = furthestSeq
    const { connection, keys } = this.#context
    const args = [this.#reporter, hasReaders ? furthestSeq : '', ATTENDANCE_MS, keys.instances, nameOf(facts)]
    // A report that is lost is made good by the next one.
    connection.run(SCRIPTS.present, [keys.meta(facts), keys.readers(facts)], args).catch(ignore)
  }

  #furthestSeq(): number {
    return this.#stream.log.readers.items.reduce((furthest, { seq }) => Math.max(furthest, seq), 0)
  }
}

function ignore(): void {}
