import type { StoredStream } from '@sluice/core'

import { SCRIPTS } from '../protocol/scripts.ts'
import type { StoreContext } from '../context/store-context.ts'
import { nameOf } from '../protocol/notice.ts'
import { ATTENDANCE_MS } from '../protocol/times.ts'

/** What the producer of a stream, in another process, is told of who reads it here and how far. */
export class Presence {
  readonly #context: StoreContext
  readonly #stream: StoredStream
  readonly #windowBytes: number
  #reportedBytes = 0
  #reportedReaders = false

  constructor(context: StoreContext, stream: StoredStream, windowBytes: number) {
    this.#context = context
    this.#stream = stream
    this.#windowBytes = windowBytes
  }

  /** A reader got on: worth telling each half window. */
  furthestMoved(): void {
    if (this.#stream.log.furthestBytes - this.#reportedBytes >= this.#windowBytes / 2) this.report()
  }

  /** Says it also where nothing has changed, since it holds only for a while. */
  report(): void {
    const { log, facts } = this.#stream
    const reads = log.readers.size > 0
    if (log.end || log.lost || (!reads && !this.#reportedReaders)) return
    this.#reportedReaders = reads
    this.#reportedBytes = log.furthestBytes
    let furthestSeq = 0
    for (const reader of log.readers) furthestSeq = Math.max(furthestSeq, reader.seq)
    const { connection, keys, instance } = this.#context
    const args = [instance, reads ? furthestSeq : '', ATTENDANCE_MS, keys.instances, nameOf(facts)]
    // What is lost of it is said again with the next renewal.
    connection.run(SCRIPTS.present, [keys.meta(facts), keys.readers(facts)], args).catch(ignore)
  }
}

function ignore(): void {}
