import { Deadline, type Scheduler } from '@sluice/core/extend'

/** Places for jobs at one worker. */
export class Places {
  readonly #scheduler: Scheduler
  readonly #waiting: (() => void)[] = []
  free: number

  constructor(scheduler: Scheduler, count: number) {
    this.#scheduler = scheduler
    this.free = count
  }

  /** All that are free; gives how many. */
  takeAll(): number {
    const count = Math.max(0, this.free)
    this.free -= count
    return count
  }

  leave(count: number): void {
    this.free += count
    if (count > 0) for (const goOn of this.#waiting.splice(0)) goOn()
  }

  /** Takes one, if there is one within so much time. */
  async takeWithin(ms: number): Promise<boolean> {
    const untilMs = this.#scheduler.now() + ms
    while (this.free <= 0 && this.#scheduler.now() < untilMs) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const deadline = new Deadline({ due: resolve })
      this.#scheduler.schedule(deadline, untilMs)
      this.#waiting.push(resolve)
      await promise
      this.#scheduler.cancel(deadline)
    }
    if (this.free <= 0) return false
    this.free--
    return true
  }
}
