import type { Runtime } from '@sluice/core'
import type { Eta } from '@sluice/jobs/batch'

/** How far a batch is. */
export interface Progress {
  readonly total: number
  readonly done: number
  readonly failed: number
  /** How many requests run at a time. */
  readonly running: number
  readonly eta: Eta | null
  readonly nowMs: number
}

/** Where it is shown. */
export interface Screen {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

const BAR_EVERY_MS = 250
const LINE_EVERY_MS = 10_000
const BAR_WIDTH = 24
/** To the beginning of the line, and nothing in it. */
const CLEAR = '\r\u001b[2K'

/** Shows how far a batch is: a bar that is painted over on a terminal, a line every ten seconds elsewhere. */
export class ProgressView {
  readonly #runtime: Runtime
  readonly #screen: Screen
  readonly #look: () => Progress
  #callOff: (() => void) | undefined

  constructor(runtime: Runtime, screen: Screen, look: () => Progress) {
    this.#runtime = runtime
    this.#screen = screen
    this.#look = look
  }

  begin(): void {
    this.#callOff = this.#runtime.after(
      this.#screen.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS,
      () => {
        this.#paint()
        this.begin()
      },
      false,
    )
  }

  end(): void {
    this.#callOff?.()
    if (this.#screen.isTTY) this.#screen.write(CLEAR)
  }

  #paint(): void {
    const text = progressText(this.#look())
    if (!this.#screen.isTTY) this.#screen.write(`${text}\n`)
    else
      this.#screen.write(
        `${CLEAR}${barOf(this.#look())} ${text}`.slice(0, (this.#screen.columns ?? 80) + CLEAR.length - 1),
      )
  }
}

function barOf({ total, done, failed }: Progress): string {
  const full = total === 0 ? BAR_WIDTH : Math.floor((BAR_WIDTH * (done + failed)) / total)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`
}

/** `120 of 5000 lines, 12.5 a second, 6 min left (5 min to 8 min), 3 failed, 16 at a time`. */
export function progressText({ total, done, failed, running, eta, nowMs }: Progress): string {
  const rate = eta ? `${shortNumber(eta.basis.perSecond)} a second` : 'no rate yet'
  const left = eta
    ? `${span(eta.likelyMs - nowMs)} left (${span(eta.earliestMs - nowMs)} to ${span(eta.latestMs - nowMs)})`
    : 'time left not known yet'
  return `${done + failed} of ${total} lines, ${rate}, ${left}, ${failed} failed, ${running} at a time`
}

function shortNumber(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(2)
}

function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
