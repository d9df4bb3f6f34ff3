import { monitorEventLoopDelay } from 'node:perf_hooks'

/** The longest step of a while, in milliseconds. */
export interface LongestStep {
  /** Of this process's own time, so that a busy machine is nobody's fault. */
  ownMs: number
  /** As the machine's clock saw it. */
  wallMs: number
}

/**
 * Watches how long the event loop is kept from going round. What runs between two rounds is one step, whoever runs it: code,
 * callbacks, the collector. The watch keeps the loop going round all the while.
 */
export class StepWatch {
  #longestUs = 0
  #isOver = false
  #lastUs = 0
  readonly #delays = monitorEventLoopDelay({ resolution: 1 })

  constructor() {
    this.#delays.enable()
    this.#lastUs = ownUs()
    const round = (): void => {
      const us = ownUs()
      this.#longestUs = Math.max(this.#longestUs, us - this.#lastUs)
      this.#lastUs = us
      if (!this.#isOver) setImmediate(round)
    }
    setImmediate(round)
  }

  /** The longest step so far; the next one begins a new while. */
  take(): LongestStep {
    const longest = { ownMs: this.#longestUs / 1_000, wallMs: this.#delays.max / 1e6 }
    this.#longestUs = 0
    this.#delays.reset()
    return longest
  }

  stop(): void {
    this.#isOver = true
    this.#delays.disable()
  }
}

/** What the thread that runs the loop has used: not the threads beside it. */
function ownUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
