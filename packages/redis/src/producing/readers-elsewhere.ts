import type { Log, Scheduler } from '@sluice/core/extend'

import type { Report } from '../protocol/attendance.ts'
import { ATTENDANCE_MS } from '../protocol/times.ts'

/** What an instance reports of its readers. */
interface Attendance {
  /** Until when it holds, on this process's clock. */
  readonly untilMs: number
  /** Position of the furthest reader. */
  readonly seq: number
}

/** The readers of one stream in other processes, as those report them. */
export class ReadersElsewhere {
  readonly #scheduler: Scheduler
  readonly #log: Log
  readonly #byInstance: Map<string, Attendance> = new Map()

  constructor(scheduler: Scheduler, log: Log) {
    this.#scheduler = scheduler
    this.#log = log
  }

  /** Takes all reports that the store has; `nowMs` is the store's clock. */
  replaceAll(reports: ReadonlyMap<string, Report>, nowMs: number): void {
    this.#byInstance.clear()
    for (const [instance, { untilMs, seq }] of reports) {
      this.#byInstance.set(instance, { untilMs: this.#scheduler.now() + untilMs - nowMs, seq })
    }
    this.count()
  }

  /** One instance reports the position of its furthest reader; an empty text means that it has none any more. */
  report(instance: string, seq: string): void {
    if (seq === '') this.#byInstance.delete(instance)
    else this.#byInstance.set(instance, { untilMs: this.#scheduler.now() + ATTENDANCE_MS, seq: Number(seq) })
    this.count()
  }

  /** Counts the readers again. It is called again and again, so that the readers of a process that died stop counting. */
  count(): void {
    const now = this.#scheduler.now()
    let furthest = 0
    for (const [instance, { untilMs, seq }] of this.#byInstance) {
      if (untilMs < now) this.#byInstance.delete(instance)
      else furthest = Math.max(furthest, seq)
    }
    const isOver = this.#log.end !== undefined || this.#log.lost !== undefined
    if (!isOver) this.#log.readElsewhere(this.#byInstance.size, furthest)
  }
}
