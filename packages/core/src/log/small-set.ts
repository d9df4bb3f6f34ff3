const NOTHING: readonly never[] = []

/**
 * A set that mostly holds none, one or two things and is gone over for every chunk: an array that is replaced, never
 * changed. Who goes over it sees what it held when that began.
 */
export class SmallSet<Item extends object> {
  items: readonly Item[] = NOTHING

  get size(): number {
    return this.items.length
  }

  add(item: Item): void {
    if (!this.items.includes(item)) this.items = withOneMore(this.items, item)
  }

  /** Whether it was there. */
  delete(item: Item): boolean {
    if (!this.items.includes(item)) return false
    this.items = this.items.length === 1 ? NOTHING : this.items.filter((other) => other !== item)
    return true
  }

  clear(): void {
    this.items = NOTHING
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.items[Symbol.iterator]()
  }
}

/** These and one more, in no more room than they take: `[...items, item]` would leave room for 16 others. */
export function withOneMore<Item>(items: readonly Item[], item: Item): readonly Item[] {
  return items.length === 0 ? [item] : items.concat([item])
}
