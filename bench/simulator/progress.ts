const WIDTH = 30
const EVERY_MS = 200

/** Shows how far a run is and how long it still takes: a bar on a terminal, a line every tenth elsewhere. */
export class Progress {
  readonly #out: NodeJS.WriteStream
  readonly #startMs = performance.now()
  #shownMs = 0
  #tenth = 0

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  at(done: number, all: number): void {
    const nowMs = performance.now()
    const part = done / all
    const leftS = Math.ceil((((nowMs - this.#startMs) / part) * (1 - part)) / 1_000)
    if (this.#out.isTTY) {
      if (nowMs - this.#shownMs < EVERY_MS && done < all) return
      this.#shownMs = nowMs
      const bar = '█'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '░')
      this.#out.write(`\r${bar} ${Math.floor(100 * part)} %, ${leftS} s left \u001B[K${done === all ? '\n' : ''}`)
    } else if (Math.floor(10 * part) > this.#tenth) {
      this.#tenth = Math.floor(10 * part)
      this.#out.write(`${10 * this.#tenth} %, ${leftS} s left\n`)
    }
  }
}
