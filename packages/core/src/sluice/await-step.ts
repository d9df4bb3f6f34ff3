import { Deadline, type Due } from '../clock/deadlines.ts'
import { type Cursor, parseCursor } from '../events/cursor.ts'
import { SluiceError } from '../events/errors.ts'
import type { Log } from '../log/log.ts'
import type { LogSleeper, LogWatcher } from '../log/log-listeners.ts'
import type { RefOptions } from './locate.ts'
import type { Scheduler, Steppable } from '../clock/scheduler.ts'

/** What is waited for, and for how long. */
export interface StepAsked {
  /** The cursor the asker knows already: any other one is a step. Default: where the stream is now. */
  after?: string | undefined
  waitMs: number
  signal?: AbortSignal | undefined
}

/** Options of `info`. */
export interface InfoOptions extends RefOptions, Partial<StepAsked> {
  /** Wait up to so many milliseconds for a step: another cursor than `after`, or the end. Default 0: tell what is known now. */
  waitMs?: number | undefined
}

/**
 * Waits until a stream is somewhere else than the asker knows, or has ended. Whoever waits here does not read: nothing is kept,
 * produced or held back for it.
 *
 * @throws SluiceError `SLUICE_ERR_CURSOR_MALFORMED`
 */
export function awaitStep(scheduler: Scheduler, log: Log, { after, waitMs, signal }: StepAsked): Promise<void> {
  const known = after === undefined ? undefined : cursorOf(log, after)
  const isElsewhere =
    known && (known.seq !== log.committed || (known.seq > 0 && known.epoch !== log.epochOf(known.seq)))
  if (isElsewhere || log.end || log.lost || waitMs === 0 || signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => new StepWaiter(scheduler, log, { signal, resolve }).begin(waitMs))
}

function cursorOf(log: Log, after: string): Cursor {
  const cursor = parseCursor(after)
  if (cursor.streamId === log.streamId) return cursor
  throw new SluiceError('SLUICE_ERR_CURSOR_MALFORMED', 'The cursor belongs to another stream.')
}

/** One who waits for a step. */
class StepWaiter implements LogSleeper, LogWatcher, Steppable, Due {
  wakeAt: number = Infinity
  dirty = false
  readonly #scheduler: Scheduler
  readonly #log: Log
  readonly #signal: AbortSignal | undefined
  readonly #resolve: () => void
  readonly #deadline: Deadline = new Deadline(this)
  readonly #leave = (): void => this.step()

  constructor(
    scheduler: Scheduler,
    log: Log,
    { signal, resolve }: { signal: AbortSignal | undefined; resolve: () => void },
  ) {
    this.#scheduler = scheduler
    this.#log = log
    this.#signal = signal
    this.#resolve = resolve
  }

  begin(waitMs: number): void {
    this.#scheduler.schedule(this.#deadline, this.#scheduler.now() + waitMs)
    this.#signal?.addEventListener('abort', this.#leave)
    this.#log.standBy(this)
    this.#log.sleep(this, this.#log.committed + 1)
    this.#log.watch(this)
  }

  /** Looked at when the turn is over, with what else comes in it. */
  wake(): void {
    this.#scheduler.mark(this)
  }

  ended(): void {
    this.wake()
  }

  lost(): void {
    this.wake()
  }

  due(): void {
    this.step()
  }

  step(): void {
    this.#scheduler.cancel(this.#deadline)
    this.#signal?.removeEventListener('abort', this.#leave)
    this.#log.leave(this)
    this.#log.unwatch(this)
    this.#resolve()
  }
}
