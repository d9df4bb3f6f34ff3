import type { Slot } from './session-slot.ts'

/** The readings that were over last: what is asked of one may cross its end, and is no mistake then. */
export class PastReadings {
  readonly #max: number
  readonly #byNumber: Map<number, Slot> = new Map()

  constructor(max: number) {
    this.#max = max
  }

  get(number: number): Slot | undefined {
    return this.#byNumber.get(number)
  }

  add(slot: Slot): void {
    this.#byNumber.delete(slot.number)
    this.#byNumber.set(slot.number, slot)
    if (this.#byNumber.size <= this.#max) return
    for (const oldest of this.#byNumber.keys()) return void this.#byNumber.delete(oldest)
  }

  /** Its number is another's now. */
  delete(number: number): void {
    this.#byNumber.delete(number)
  }
}
