/** Items in order. No two of them are equal in it. */
export class SortedList<Item> {
  readonly #items: Item[] = []
  readonly #order: (one: Item, other: Item) => number

  constructor(order: (one: Item, other: Item) => number) {
    this.#order = order
  }

  get size(): number {
    return this.#items.length
  }

  at(index: number): Item | undefined {
    return this.#items[index]
  }

  add(item: Item): void {
    this.#items.splice(this.placeOf(item), 0, item)
  }

  /** The item must be as it was when it was added. */
  delete(item: Item): void {
    const place = this.placeOf(item)
    if (this.#items[place] === item) this.#items.splice(place, 1)
  }

  /** How many are before it. */
  placeOf(item: Item): number {
    return this.firstThat((other) => this.#order(other, item) >= 0)
  }

  /** The first place from which on `isPast` holds: it does for all after one for which it does. */
  firstThat(isPast: (item: Item) => boolean, from = 0): number {
    let low = from
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isPast(this.#items[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
}
