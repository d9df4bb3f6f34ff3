import { byAge, byDue, type MemoryDocument } from './memory-document.ts'
import { SortedList } from './sorted-list.ts'

/** Documents of one kind and state. */
interface OfState {
  /** All of them, newest first. */
  readonly all: SortedList<MemoryDocument>
  /** Those that are due some time. */
  readonly due: SortedList<MemoryDocument>
}

/** Documents of one scope. */
interface OfScope {
  readonly all: SortedList<MemoryDocument>
  readonly counts: Map<string, number>
}

/** The documents of one kind, in all orders that are asked for. */
export class DocumentLists {
  readonly #states: Map<string, OfState> = new Map()
  readonly #scopes: Map<string, OfScope> = new Map()

  add(document: MemoryDocument): void {
    const { scope, state } = document
    let ofState = this.#states.get(state)
    if (!ofState) this.#states.set(state, (ofState = { all: new SortedList(byAge), due: new SortedList(byDue) }))
    ofState.all.add(document)
    if (document.dueAtMs < Infinity) ofState.due.add(document)
    let ofScope = this.#scopes.get(scope)
    if (!ofScope) this.#scopes.set(scope, (ofScope = { all: new SortedList(byAge), counts: new Map() }))
    ofScope.all.add(document)
    ofScope.counts.set(state, (ofScope.counts.get(state) ?? 0) + 1)
  }

  delete(document: MemoryDocument): void {
    const { scope, state } = document
    const ofState = this.#states.get(state)!
    ofState.all.delete(document)
    if (document.dueAtMs < Infinity) ofState.due.delete(document)
    if (ofState.all.size === 0) this.#states.delete(state)
    const ofScope = this.#scopes.get(scope)!
    ofScope.all.delete(document)
    ofScope.counts.set(state, ofScope.counts.get(state)! - 1)
    if (ofScope.all.size === 0) this.#scopes.delete(scope)
  }

  count(state: string, scope?: string): number {
    if (scope === undefined) return this.#states.get(state)?.all.size ?? 0
    return this.#scopes.get(scope)?.counts.get(state) ?? 0
  }

  /** Of a scope, newest first, those after `last`. */
  *after(scope: string, last: MemoryDocument | undefined): IterableIterator<MemoryDocument> {
    const all = this.#scopes.get(scope)?.all
    if (!all) return
    for (let index = last ? all.placeOf(last) + 1 : 0; index < all.size; index++) yield all.at(index)!
  }

  /** Those that are due by then, in the order in which they are claimed. Nothing may be changed meanwhile. */
  *due(state: string, nowMs: number): IterableIterator<MemoryDocument> {
    const due = this.#states.get(state)?.due
    if (!due) return
    for (let index = 0; index < due.size;) {
      const document = due.at(index)!
      if (document.dueAtMs <= nowMs) {
        yield document
        index++
      } else index = afterPriority(due, document, index)
    }
  }

  /** Those that were written first by then, oldest first. */
  *writtenBy(state: string, atMs: number): IterableIterator<MemoryDocument> {
    const all = this.#states.get(state)?.all
    if (!all) return
    for (let index = all.size - 1; index >= 0 && all.at(index)!.createdAtMs <= atMs; index--) yield all.at(index)!
  }

  /** `Infinity`: none is. */
  nextDueMs(state: string): number {
    const due = this.#states.get(state)?.due
    let earliestMs = Infinity
    if (!due) return earliestMs
    for (let index = 0; index < due.size;) {
      const first = due.at(index)!
      earliestMs = Math.min(earliestMs, first.dueAtMs)
      index = afterPriority(due, first, index)
    }
    return earliestMs
  }
}

function afterPriority(due: SortedList<MemoryDocument>, { priority }: MemoryDocument, from: number): number {
  return due.firstThat((other) => other.priority < priority, from)
}
