import { Deadline } from '../clock/deadlines.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import type { Log } from '../log/log.ts'
import { Reader } from './reader.ts'

/**
 * Readers that were answered, or asked to reconnect, and are expected back. Each counts as reading, with its place, its name
 * and its credit, until it comes or its time is over; nothing is sent to it.
 */
export class ExpectedReaders {
  readonly #scheduler: Scheduler
  /** How many of one stream are remembered; the oldest gives way. */
  readonly #perStream: number
  readonly #deadlines: Map<Reader, Deadline> = new Map()
  /** Where in a log those begin whose clients do not bring the place they have come to. */
  readonly #lostAt: WeakMap<Log, number> = new WeakMap()

  constructor(scheduler: Scheduler, perStream: number) {
    this.#scheduler = scheduler
    this.#perStream = perStream
  }

  get size(): number {
    return this.#deadlines.size
  }

  /** `reader` is expected back within `ms`. */
  expect(reader: Reader, ms: number): void {
    const deadline = this.#deadlines.get(reader) ?? new Deadline({ due: () => this.#giveUp(reader) })
    this.#deadlines.set(reader, deadline)
    this.#scheduler.schedule(deadline, this.#scheduler.now() + ms)
    reader.stepOut()
    const expected = expectedOf(reader)
    if (expected.length > this.#perStream) this.#giveUp(expected[0]!)
  }

  /**
   * `reader` has come, and was served: those it may have been before are expected no more. These are the ones of its name; a
   * nameless reader is known by its place, which is where an answer began, ended, or was cut.
   */
  arrived(reader: Reader): void {
    for (const other of expectedOf(reader)) {
      if (other === reader || other.name !== reader.name) continue
      const isPlace = other.startSeq <= reader.startSeq && reader.startSeq <= other.seq
      if (reader.name !== undefined || isPlace) this.#giveUp(other)
    }
  }

  /**
   * Whether a client comes back to where it began, and not to where it was when it was asked to reconnect: its cursor is lost on
   * the way. Nobody knows which client this is; who begins at the same place for the first time is taken for it, which costs
   * that one no more than a reconnect it is not asked for.
   */
  losesPlace({ log, startSeq }: Reader): boolean {
    for (const other of log.readers) {
      if (!(other instanceof Reader) || !other.hasRotated) continue
      if (other.startSeq === startSeq && other.seq > startSeq) this.#lostAt.set(log, startSeq)
    }
    return this.#lostAt.get(log) === startSeq
  }

  #giveUp(reader: Reader): void {
    const deadline = this.#deadlines.get(reader)
    if (!deadline) return
    this.#deadlines.delete(reader)
    this.#scheduler.cancel(deadline)
    reader.detach()
  }
}

function expectedOf({ log }: Reader): Reader[] {
  return log.readers.items.filter((other): other is Reader => other instanceof Reader && other.isExpected)
}
