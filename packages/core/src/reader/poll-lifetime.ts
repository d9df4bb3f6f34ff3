import { Deadline, type Due } from '../clock/deadlines.ts'
import type { Scheduler } from '../clock/scheduler.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { ClosedCode } from '../events/codes.ts'
import type { ExpectedReaders } from './expected-readers.ts'
import type { Reader } from './reader.ts'

/** A reading that is one poll. */
export interface PolledReading {
  /** It is over with what it has given; its reader comes again. */
  answer(): void
  /** It is over, and its reader told why. */
  stop(code: ClosedCode): void
}

/** How long a poll may last. */
export interface PollLimits {
  /** How long it waits for a first event, in milliseconds. */
  waitMs: number
  /** Until when its reader is known to be who it says, on the scheduler's clock; `Infinity`: for ever. */
  expiresAtMs: number
  /** For how long its reader counts as reading once it was answered. */
  betweenPollsMs: number
}

/** What a poll's lifetime looks at and acts on. */
export interface PollParts {
  reading: PolledReading
  reader: Reader
  expected: ExpectedReaders
  limits: PollLimits
}

/** Why and when a poll is over that was given nothing, and what its reader counts as until the next one. */
export class PollLifetime implements Due {
  readonly #scheduler: Scheduler
  readonly #parts: PollParts
  readonly #deadline: Deadline = new Deadline(this)

  constructor(scheduler: Scheduler, parts: PollParts) {
    this.#scheduler = scheduler
    this.#parts = parts
    const { waitMs, expiresAtMs } = parts.limits
    scheduler.schedule(this.#deadline, Math.min(scheduler.now() + waitMs, expiresAtMs))
  }

  due(): void {
    const { reading, limits } = this.#parts
    if (this.#scheduler.now() >= limits.expiresAtMs) reading.stop('unauthorized')
    else reading.answer()
  }

  /**
   * The poll is over. One that was answered comes again, so it counts on. One that broke off counts no longer than those it
   * came after: they are still expected.
   */
  end(outcome: ReadingOutcome): void {
    this.#scheduler.cancel(this.#deadline)
    const { reader, expected, limits } = this.#parts
    const goesOn = outcome !== 'detached' && outcome !== 'failed' && !reader.log.end && !reader.broken
    if (goesOn) expected.expect(reader, limits.betweenPollsMs)
    if (goesOn || outcome === 'end') expected.arrived(reader)
    if (!goesOn) reader.detach()
  }
}
