/** How often it is seen whether this process gets its turn: about as often as what is measured waits for turns itself. */
const TICK_MS = 50

class OwnClock {
  #ownMs = 0
  #tickedAtMs = performance.now()
  #cpuUsed = process.cpuUsage()

  constructor() {
    setInterval(() => this.#tick(), TICK_MS).unref()
  }

  now(): number {
    return this.#ownMs + this.#sinceTick()
  }

  #tick(): void {
    this.#ownMs += this.#sinceTick()
    this.#tickedAtMs = performance.now()
    this.#cpuUsed = process.cpuUsage()
  }

  /** A tick that comes late counts for one, and for what this process has computed meanwhile. */
  #sinceTick(): number {
    const { user, system } = process.cpuUsage(this.#cpuUsed)
    const passedMs = performance.now() - this.#tickedAtMs
    return Math.min(passedMs, TICK_MS + (user + system) / 1_000)
  }
}

let clock: OwnClock | undefined

/**
 * Milliseconds that this process has had for itself: time passes while it computes or waits, and stands still while the
 * machine gives it no turn. Only differences have a meaning.
 *
 * What must happen within some time is measured with it: where the machine is busy with something else, that is no fault of
 * what is tested; a process that keeps its own event loop busy is.
 *
 * @example
 * ```ts
 * const beganMs = ownTimeMs()
 * await stream.cancel()
 * if (ownTimeMs() - beganMs > 250) throw new Error('The cancel took too long.')
 * ```
 */
export function ownTimeMs(): number {
  clock ??= new OwnClock()
  return clock.now()
}
