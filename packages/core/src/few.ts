/** A set that mostly holds one thing or none: then it is one field, and a real set only from the second on. */
export class Few<Item extends object> {
  #one: Item | undefined
  #more: Set<Item> | undefined

  get size(): number {
    return this.#more ? this.#more.size : this.#one ? 1 : 0
  }

  add(item: Item): void {
    if (this.#more) this.#more.add(item)
    else if (!this.#one || this.#one === item) this.#one = item
    else {
      this.#more = new Set([this.#one, item])
      this.#one = undefined
    }
  }

  /** Whether it was there. */
  delete(item: Item): boolean {
    if (this.#more) return this.#more.delete(item)
    if (this.#one !== item) return false
    this.#one = undefined
    return true
  }

  clear(): void {
    this.#one = undefined
    this.#more = undefined
  }

  /** Calls `visit` with each; items may be added and removed meanwhile. */
  forEach(visit: (item: Item) => void): void {
    if (this.#more) this.#more.forEach(visit)
    else if (this.#one) visit(this.#one)
  }

  [Symbol.iterator](): Iterator<Item> {
    return (this.#more ?? (this.#one ? [this.#one] : []))[Symbol.iterator]()
  }
}
