/** Shorter than this, in milliseconds, says more about the turns of the event loop than about the source. */
const MIN_INTERVAL_MS = 100
/** How long, in milliseconds, what was measured before counts for as much as what is measured now. */
const HORIZON_MS = 2_000

/** How fast a log grows: a moving average, brought up to date only when somebody asks. */
export class SourceRate {
  #sinceMs: number
  #sinceSeq: number
  #perSecond: number | undefined

  constructor(nowMs: number, lastSeq: number) {
    this.#sinceMs = nowMs
    this.#sinceSeq = lastSeq
  }

  /** Events a second; `undefined` before the first interval in which there were some. */
  at(nowMs: number, lastSeq: number): number | undefined {
    const elapsedMs = nowMs - this.#sinceMs
    const events = Math.max(0, lastSeq - this.#sinceSeq)
    if (elapsedMs < MIN_INTERVAL_MS || (events === 0 && this.#perSecond === undefined)) return this.#perSecond
    const latest = (events * 1000) / elapsedMs
    const before = this.#perSecond ?? latest
    this.#perSecond = before + (latest - before) * (1 - Math.exp(-elapsedMs / HORIZON_MS))
    this.#sinceMs = nowMs
    this.#sinceSeq = lastSeq
    return this.#perSecond
  }
}
