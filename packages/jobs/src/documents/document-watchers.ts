import type { Scheduler, Steppable } from '@sluice/core/extend'

/** Tells those who watch a kind what has changed, once a turn: nobody is called in the middle of a write. */
export class DocumentWatchers implements Steppable {
  dirty = false
  readonly #scheduler: Scheduler
  readonly #listeners: Map<string, Set<(id: string) => void>> = new Map()
  readonly #changed: Map<string, Set<string>> = new Map()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  /** Gives what ends it. */
  add(kind: string, listener: (id: string) => void): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set()
    this.#listeners.set(kind, listeners)
    // The same function twice is two listeners.
    const own = (id: string): void => listener(id)
    listeners.add(own)
    return () => {
      listeners.delete(own)
      if (listeners.size === 0 && this.#listeners.get(kind) === listeners) this.#listeners.delete(kind)
    }
  }

  changed(kind: string, id: string): void {
    if (!this.#listeners.has(kind)) return
    const ids = this.#changed.get(kind) ?? new Set()
    this.#changed.set(kind, ids)
    ids.add(id)
    this.#scheduler.mark(this)
  }

  step(): void {
    const changed = [...this.#changed]
    this.#changed.clear()
    for (const [kind, ids] of changed)
      for (const listener of this.#listeners.get(kind) ?? []) for (const id of ids) listener(id)
  }

  /** Nobody is called any more. */
  clear(): void {
    this.#listeners.clear()
    this.#changed.clear()
  }
}
