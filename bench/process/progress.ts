const WIDTH = 30
const EVERY_MS = 200
const MINUTE_S = 60

/** Where a run writes how far it is. */
export interface ProgressOut {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Shows how far a run is and how long it still takes: a bar on a terminal, a line every tenth elsewhere. */
export class Progress {
  readonly #out: ProgressOut
  readonly #now: () => number
  readonly #startMs: number
  #shownMs = 0
  #tenth = 0
  #bar = ''

  constructor(out: ProgressOut, now: () => number = () => performance.now()) {
    this.#out = out
    this.#now = now
    this.#startMs = now()
  }

  at(done: number, all: number): void {
    const nowMs = this.#now()
    const part = done / all
    const leftS = Math.ceil((((nowMs - this.#startMs) / part) * (1 - part)) / 1_000)
    if (this.#out.isTTY) {
      if (nowMs - this.#shownMs < EVERY_MS && done < all) return
      this.#shownMs = nowMs
      const bar = '█'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '░')
      this.#bar = `\r${bar} ${Math.floor(100 * part)} %, ${timeOf(leftS)} left \u001B[K`
      this.#out.write(`${this.#bar}${done === all ? '\n' : ''}`)
      if (done === all) this.#bar = ''
    } else if (Math.floor(10 * part) > this.#tenth) {
      this.#tenth = Math.floor(10 * part)
      this.#out.write(`${10 * this.#tenth} %, ${timeOf(leftS)} left\n`)
    }
  }

  /** Writes a line; a bar stays below it. */
  tell(line: string): void {
    if (this.#out.isTTY) this.#out.write(`\r\u001B[K${line}\n${this.#bar}`)
    else this.#out.write(`${line}\n`)
  }
}

function timeOf(seconds: number): string {
  if (seconds < MINUTE_S) return `${seconds} s`
  return `${Math.floor(seconds / MINUTE_S)} min ${String(seconds % MINUTE_S).padStart(2, '0')} s`
}
