/** Who is told that a deadline is due. */
export interface Due {
  /** The time has come. */
  due(): void
}

/** A point in time at which something is due. One object per concern, scheduled again and again. */
export class Deadline {
  atMs: number = Infinity
  /** Place in the heap; −1 while not scheduled. */
  place = -1
  readonly owner: Due

  constructor(owner: Due) {
    this.owner = owner
  }
}

/** Scheduled deadlines, earliest first: a binary heap whose entries know their place, so that rescheduling is cheap. */
export class DeadlineList {
  readonly #heap: Deadline[] = []

  get size(): number {
    return this.#heap.length
  }

  get earliest(): Deadline | undefined {
    return this.#heap[0]
  }

  set(deadline: Deadline, atMs: number): void {
    const before = deadline.atMs
    deadline.atMs = atMs
    if (deadline.place === -1) {
      deadline.place = this.#heap.length
      this.#heap.push(deadline)
      this.#rise(deadline)
    } else if (atMs < before) this.#rise(deadline)
    else this.#sink(deadline)
  }

  delete(deadline: Deadline): void {
    const { place } = deadline
    deadline.atMs = Infinity
    if (place === -1) return
    deadline.place = -1
    const last = this.#heap.pop()!
    if (last === deadline) return
    last.place = place
    this.#heap[place] = last
    this.#rise(last)
    this.#sink(last)
  }

  #rise(deadline: Deadline): void {
    const heap = this.#heap
    let { place } = deadline
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]!
      if (parent.atMs <= deadline.atMs) break
      heap[place] = parent
      parent.place = place
      place = above
    }
    heap[place] = deadline
    deadline.place = place
  }

  #sink(deadline: Deadline): void {
    const heap = this.#heap
    let { place } = deadline
    for (;;) {
      let below = 2 * place + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1]!.atMs < heap[below]!.atMs) below++
      const child = heap[below]!
      if (child.atMs >= deadline.atMs) break
      heap[place] = child
      child.place = place
      place = below
    }
    heap[place] = deadline
    deadline.place = place
  }
}
