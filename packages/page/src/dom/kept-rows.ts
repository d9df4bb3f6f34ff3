/** How the rows of a table are made, and what is said in them. */
export interface RowPainter<Item> {
  /** The row of an item that was not listed before. */
  make(item: Item): HTMLTableRowElement
  /** Says in it what is so now. */
  fill(row: HTMLTableRowElement, item: Item): void
}

/** The rows of a table: each stays the element that it is as long as its item is listed. */
export class KeptRows<Item extends { readonly id: string }> {
  readonly #body: HTMLElement
  readonly #painter: RowPainter<Item>
  readonly #rows: Map<string, HTMLTableRowElement> = new Map()

  constructor(body: HTMLElement, painter: RowPainter<Item>) {
    this.#body = body
    this.#painter = painter
  }

  show(items: readonly Item[]): void {
    const listed = new Set(items.map(({ id }) => id))
    for (const [id, row] of this.#rows) {
      if (listed.has(id)) continue
      row.remove()
      this.#rows.delete(id)
    }
    for (const [index, item] of items.entries()) {
      const row = this.#rows.get(item.id) ?? this.#make(item)
      // Only where it is not there already: an element that is moved loses the focus in it.
      if (this.#body.children[index] !== row) this.#body.insertBefore(row, this.#body.children[index] ?? null)
      this.#painter.fill(row, item)
    }
  }

  #make(item: Item): HTMLTableRowElement {
    const row = this.#painter.make(item)
    this.#rows.set(item.id, row)
    return row
  }
}
