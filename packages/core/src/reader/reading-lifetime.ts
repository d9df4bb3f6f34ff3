import type { Connection } from '../wire/connection.ts'
import { Deadline, type Due } from '../clock/deadlines.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import type { ClosedCode } from '../events/codes.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { ExpectedReaders } from './expected-readers.ts'
import type { Reader } from './reader.ts'

/** A reading whose time is limited. */
export interface LimitedReading {
  /** What is ready leaves as soon as its peer takes it, whatever the policy says. */
  hurry(): void
  /** It is over, and its reader told why. */
  stop(code: ClosedCode): void
}

/** How long a reading may last. */
export interface LifetimeLimits {
  /** After how long it is broken off for a planned reconnect, ± 10 %; `false`: never. */
  rotateAfterMs: number | false
  /** Until when its reader is known to be who it says, on the scheduler's clock; `Infinity`: for ever. */
  expiresAtMs: number
  /** How long a reading that is due may take to have brought something. */
  closeGraceMs: number
}

/** What a lifetime looks at and acts on. */
export interface LifetimeParts {
  reading: LimitedReading
  reader: Reader
  connection: Connection
  expected: ExpectedReaders
  limits: LifetimeLimits
}

/** Part of the interval by which it varies: readers who came together do not go on coming together. */
const ROTATE_JITTER = 0.1

/** When a reading that is due and cannot be broken off yet is looked at again. */
const LOOK_AGAIN_MS = 100

/** How long a reader that was asked to reconnect counts as reading. */
const REJOIN_MS = 5_000

/**
 * Why and when a reading ends before its stream does: a planned reconnect, by which a peer that has vanished is found out
 * and one that has not shows anew who it is; or the end of what it showed.
 */
export class ReadingLifetime implements Due {
  readonly #scheduler: Scheduler
  readonly #reading: LimitedReading
  readonly #reader: Reader
  readonly #connection: Connection
  readonly #expected: ExpectedReaders
  /** When a reading that is due and has brought nothing is cut. */
  readonly #lastMs: number
  readonly #expiresAtMs: number
  readonly #deadline: Deadline = new Deadline(this)
  #isOver = false

  constructor(scheduler: Scheduler, { reading, reader, connection, expected, limits }: LifetimeParts) {
    const { rotateAfterMs, expiresAtMs, closeGraceMs } = limits
    this.#scheduler = scheduler
    this.#reading = reading
    this.#reader = reader
    this.#connection = connection
    this.#expected = expected
    const spread = 1 - ROTATE_JITTER + Math.random() * 2 * ROTATE_JITTER
    const rotatesAtMs = rotateAfterMs === false ? Infinity : scheduler.now() + rotateAfterMs * spread
    this.#lastMs = rotatesAtMs + closeGraceMs
    this.#expiresAtMs = expiresAtMs
    this.#schedule(rotatesAtMs)
  }

  /** The reading is over. One that rotates counts for a moment longer: whoever is on its way back has not left. */
  end(outcome: ReadingOutcome): void {
    this.#isOver = true
    this.#scheduler.cancel(this.#deadline)
    const reader = this.#reader
    const { log } = reader
    reader.hasRotated = outcome === 'rotate'
    if (reader.hasRotated && !log.end && !log.lost) this.#expected.expect(reader, REJOIN_MS)
    else reader.detach()
  }

  due(): void {
    const now = this.#scheduler.now()
    if (now >= this.#expiresAtMs) this.#reading.stop('unauthorized')
    // What has no cursor yet would come again.
    else if (this.#reader.withheld) this.#schedule(now + LOOK_AGAIN_MS)
    else if (this.#bringsSomething()) this.#reading.stop('rotate')
    // It ended, or failed, with what it was about to bring.
    else if (this.#isOver) return
    else if (now < this.#lastMs) this.#schedule(Math.min(now + LOOK_AGAIN_MS, this.#lastMs))
    // A peer that has taken nothing in all this time is not there.
    else this.#connection.abort()
  }

  /** Whether the next reading begins further on than this one did, or there is nothing to be brought. */
  #bringsSomething(): boolean {
    const reader = this.#reader
    if (reader.seq === reader.startSeq && reader.pending > 0) this.#reading.hurry()
    return reader.seq > reader.startSeq || reader.pending === 0
  }

  #schedule(atMs: number): void {
    this.#scheduler.schedule(this.#deadline, Math.min(atMs, this.#expiresAtMs))
  }
}
