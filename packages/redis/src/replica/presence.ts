import type { StoredStream } from '@sluice/core'

import { ATTENDANCE_MS } from '../producing/produced-stream.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { nameOf, type StoreContext } from '../context/store-context.ts'

/** What the producer of a stream, in another process, is told of who reads it here and how far. */
export class Presence {
  readonly #context: StoreContext
  readonly #stream: StoredStream
  readonly #windowBytes: number
  #reportedBytes = 0
  #reportedSeq = 0
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

  /** Others read here than before: worth telling where that is somewhere else. One that polls comes and goes in its place. */
  readersChanged(): void {
    const reads = this.#stream.log.readers.size > 0
    if (reads !== this.#reportedReaders || this.#furthestSeq() !== this.#reportedSeq) this.report()
  }

  /** Says it also where nothing has changed, since it holds only for a while. */
  report(): void {
    const { log, facts } = this.#stream
    const reads = log.readers.size > 0
    if (log.end || log.lost || (!reads && !this.#reportedReaders)) return
    const furthestSeq = this.#furthestSeq()
    this.#reportedReaders = reads
    this.#reportedBytes = log.furthestBytes
    this.#reportedSeq = furthestSeq
    const { connection, keys, instance } = this.#context
    const args = [instance, reads ? furthestSeq : '', ATTENDANCE_MS, keys.instances, nameOf(facts)]
    // What is lost of it is said again with the next renewal.
    connection.run(SCRIPTS.present, [keys.meta(facts), keys.readers(facts)], args).catch(ignore)
  }

  #furthestSeq(): number {
    return this.#stream.log.readers.items.reduce((furthest, { seq }) => Math.max(furthest, seq), 0)
  }
}

function ignore(): void {}
