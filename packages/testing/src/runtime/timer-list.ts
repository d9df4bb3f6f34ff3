/** One timer of a {@link TimerList}. */
export interface ListedTimer {
  readonly dueMs: number
  readonly task: () => void
}

/** Timers in the order they are due; those of the same instant in the order they were set. */
export class TimerList {
  readonly #timers: ListedTimer[] = []

  get size(): number {
    return this.#timers.length
  }

  get earliest(): ListedTimer | undefined {
    return this.#timers[0]
  }

  [Symbol.iterator](): Iterator<ListedTimer> {
    return this.#timers[Symbol.iterator]()
  }

  has(timer: ListedTimer): boolean {
    return this.#timers.includes(timer)
  }

  add(nowMs: number, delayMs: number, task: () => void): ListedTimer {
    if (Number.isNaN(delayMs)) throw new RangeError('A timer was asked for with a delay of NaN ms; give it a number')
    const timer = { dueMs: nowMs + Math.max(0, delayMs), task }
    const index = this.#timers.findLastIndex((other) => other.dueMs <= timer.dueMs)
    this.#timers.splice(index + 1, 0, timer)
    return timer
  }

  delete(timer: ListedTimer): void {
    const index = this.#timers.indexOf(timer)
    if (index >= 0) this.#timers.splice(index, 1)
  }
}
