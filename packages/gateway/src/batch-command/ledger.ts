import { isSuccess, type IdTable, type LineResult, type OutputLine } from '@sluice/jobs/batch'

/** What has become of a line: a byte each. */
const WAITING = 1
const DONE = 2
const FAILED = 3

/** Which lines of an input are done: the input says which there are, the outputs what has become of them. */
export class Ledger {
  readonly #ids: IdTable
  /** By number of line; 0 is a blank one. */
  #states: Uint8Array = new Uint8Array(1024)
  #total = 0
  #done = 0
  #failed = 0

  constructor(ids: IdTable) {
    this.#ids = ids
  }

  /** How many lines there are, without blank ones. */
  get total(): number {
    return this.#total
  }

  get done(): number {
    return this.#done
  }

  get failed(): number {
    return this.#failed
  }

  /** The input has this line. */
  expect(line: number): void {
    while (line >= this.#states.length) {
      const more = new Uint8Array(2 * this.#states.length)
      more.set(this.#states)
      this.#states = more
    }
    this.#states[line] = WAITING
    this.#total++
  }

  /** Whether the line is to be done yet. */
  isWaiting(line: number): boolean {
    return this.#states[line] === WAITING
  }

  /** The number of the line that has this id. */
  lineOf(id: string): number | undefined {
    return this.#ids.lineOf(id)
  }

  /** An output has this line already. `false`: the input has none of that id. One that was done stays so. */
  find({ customId, ok }: OutputLine): boolean {
    const line = this.#ids.lineOf(customId)
    if (line === undefined) return false
    this.#become(line, ok ? DONE : FAILED)
    return true
  }

  /** A line has come to its end. */
  settle(line: number, result: LineResult): void {
    this.#become(line, isSuccess(result) ? DONE : FAILED)
  }

  /** Lines that failed are to be done again. */
  forgetFailed(): void {
    for (let line = 0; line < this.#states.length; line++)
      if (this.#states[line] === FAILED) this.#states[line] = WAITING
    this.#failed = 0
  }

  #become(line: number, state: number): void {
    const before = this.#states[line]
    if (before === state || before === DONE) return
    if (before === FAILED) this.#failed--
    this.#states[line] = state
    if (state === DONE) this.#done++
    else this.#failed++
  }
}
