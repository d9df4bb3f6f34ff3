/** How many values there were up to each bound. */
export class Histogram {
  readonly bounds: readonly number[]
  sum = 0
  count = 0
  readonly #buckets: number[]

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.#buckets = bounds.map(() => 0)
  }

  observe(value: number): void {
    for (const [index, bound] of this.bounds.entries()) if (value <= bound) this.#buckets[index]!++
    this.sum += value
    this.count++
  }

  /** Values up to each bound, those of the smaller ones among them. */
  get upTo(): readonly number[] {
    return this.#buckets
  }
}
